// The array file formats that have no header of their own; array_files.cpp picks one by extension.
#pragma once

#include "io/array_files.h"

namespace patchbay {

void write_npz(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata);
ArrayFile read_npz(const std::filesystem::path &path);

/// {"metadata": {…}, "name": nested lists, …}; NaN and infinities are the strings "nan", "inf" and "-inf".
void write_json_arrays(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata);
ArrayFile read_json_arrays(const std::filesystem::path &path);

/// Arrays that are not 2-D floats are left out and named in a comment line. Throws Error when none is left.
void write_csv(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata);

/// The shortest text that reads back as the same float32, with a "." or an exponent; "nan", "inf", "-inf".
std::string float_text(float value);

} // namespace patchbay
