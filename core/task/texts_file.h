// Files of texts: what people have at hand for analyses that read running text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// The texts of a file, in its order and without those that are empty. `.jsonl`: a line each, a string or an object
/// with "text"; `.json`: a list of such; anything else is text, a paragraph each where an empty line stands between two
/// of them, otherwise a line each; line breaks inside a paragraph become spaces. UTF-8 (or with a byte order mark).
/// Throws Error naming file, line and cause; also where it holds no text.
std::vector<std::string> read_texts(const std::filesystem::path &path);

/// A file of texts by its path, or the bare name of one that comes with the program ("short"); empty: the usual one of
/// the model in this folder, which is "demo" for the demo model's vocabulary, otherwise "short".
std::filesystem::path texts_path(const std::string &file, const std::filesystem::path &model);

} // namespace patchbay
