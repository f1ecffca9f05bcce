// Tables as text, as spreadsheets and other programs write them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// One record: fields may be in quotes, with "" for a quote, and then hold separators and line ends.
struct CsvRecord {
    int line = 0; ///< where it begins, from 1
    std::vector<std::string> fields;
};

/// The records of a text (UTF-8), without empty ones; the first is the header. The separator is what a first line
/// "sep=;" says, otherwise the one of comma, semicolon, tab and | that gives the header the most names which `known`
/// knows. Lines end in LF, CRLF or CR. Throws Error naming file and line: a quote that is not closed, text behind a
/// closing quote, a record with another number of fields than the header.
std::vector<CsvRecord> read_csv_table(const std::string &text, const std::string &file,
                                      const std::function<bool(const std::string &)> &known);

/// A record as spreadsheets read it (RFC 4180), with its line end: fields with commas, quotes or line ends are in
/// quotes.
std::string csv_row(const std::vector<std::string> &fields);

} // namespace patchbay
