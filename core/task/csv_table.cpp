#include "task/csv_table.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>

namespace patchbay {

namespace {

class CsvReader {
public:
    CsvReader(std::string_view text, const std::string &file, char separator, size_t at = 0, int line = 1)
        : m_text(text), m_file(file), m_separator(separator), m_at(at), m_line(line)
    {
    }

    bool done() const { return m_at >= m_text.size(); }

    CsvRecord next()
    {
        CsvRecord record{m_line, {}};
        do
            record.fields.push_back(field());
        while (take(m_separator));
        line_end();
        return record;
    }

private:
    std::string where(int line) const { return "line " + std::to_string(line) + ": "; }
    bool at_line_end() const { return done() || m_text[m_at] == '\n' || m_text[m_at] == '\r'; }
    bool at_end() const { return at_line_end() || m_text[m_at] == m_separator; }
    bool take(char c)
    {
        if (done() || m_text[m_at] != c)
            return false;
        ++m_at;
        return true;
    }
    bool line_end()
    {
        const bool carriage = take('\r');
        const bool ended = take('\n') || carriage;
        m_line += ended;
        return ended;
    }
    void skip_spaces()
    {
        while (!at_end() && (m_text[m_at] == ' ' || m_text[m_at] == '\t'))
            ++m_at;
    }

    // Spaces before an opening quote and after a closing one belong to nobody; those of a field without quotes are part
    // of it (" Mary").
    std::string field()
    {
        const size_t begin = m_at;
        skip_spaces();
        if (!done() && m_text[m_at] == '"')
            return quoted();
        m_at = begin;
        while (!at_end())
            ++m_at;
        return std::string(m_text.substr(begin, m_at - begin));
    }

    std::string quoted()
    {
        const int opened = m_line;
        std::string field;
        for (++m_at;;) {
            if (done())
                throw Error(m_file, where(opened) + "a quote is opened and not closed");
            if (m_text[m_at] == '"') {
                ++m_at;
                if (!take('"'))
                    break;
                field.push_back('"');
                continue;
            }
            const size_t begin = m_at;
            if (!line_end())
                ++m_at;
            field += m_text.substr(begin, m_at - begin);
        }
        skip_spaces();
        if (!at_end())
            throw Error(m_file, where(m_line) + "text follows a closing quote");
        return field;
    }

    std::string_view m_text;
    const std::string &m_file;
    const char m_separator;
    size_t m_at;
    int m_line;
};

bool is_empty(const CsvRecord &record)
{
    return std::all_of(record.fields.begin(), record.fields.end(),
                       [](const std::string &field) { return trimmed(field).empty(); });
}

/// A first line "sep=;" (also in quotes) says the separator, as spreadsheets agree on; 0: it is not there.
char said_separator(std::string_view text, size_t &behind)
{
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    if (text.substr(0, end).ends_with('\t'))
        line = text.substr(0, end); // "sep=<tab>"
    if (line.size() > 2 && line.front() == '"' && line.back() == '"')
        line = line.substr(1, line.size() - 2);
    if (line.size() != 5 || lower_case(line.substr(0, 4)) != "sep=")
        return 0;
    behind = end;
    if (behind < text.size() && text[behind] == '\r')
        ++behind;
    if (behind < text.size() && text[behind] == '\n')
        ++behind;
    return line.back();
}

char found_separator(std::string_view text, const std::string &file,
                     const std::function<bool(const std::string &)> &known)
{
    char best = ',';
    std::pair<std::ptrdiff_t, size_t> most{-1, 0};
    for (const char separator : {',', ';', '\t', '|'}) {
        CsvReader reader(text, file, separator);
        CsvRecord header;
        try {
            while (!reader.done() && (header.fields.empty() || is_empty(header)))
                header = reader.next();
        } catch (const Error &) {
            continue; // with another one its quotes may make sense
        }
        const std::pair score{std::count_if(header.fields.begin(), header.fields.end(), known), header.fields.size()};
        if (score > most) {
            most = score;
            best = separator;
        }
    }
    return best;
}

} // namespace

std::vector<CsvRecord> read_csv_table(const std::string &text, const std::string &file,
                                      const std::function<bool(const std::string &)> &known)
{
    size_t begin = 0;
    const char said = said_separator(text, begin);
    CsvReader reader(text, file, said ? said : found_separator(text, file, known), begin, said ? 2 : 1);
    std::vector<CsvRecord> records;
    while (!reader.done()) {
        CsvRecord record = reader.next();
        if (is_empty(record))
            continue;
        if (!records.empty() && record.fields.size() != records[0].fields.size())
            throw Error(file,
                        "line " + std::to_string(record.line) + ": has " + std::to_string(record.fields.size())
                            + " fields, the header " + std::to_string(records[0].fields.size()));
        records.push_back(std::move(record));
    }
    return records;
}

std::string csv_row(const std::vector<std::string> &fields)
{
    std::string out;
    for (size_t i = 0; i < fields.size(); ++i) {
        out += i ? "," : "";
        if (fields[i].find_first_of(",\"\n\r") == std::string::npos) {
            out += fields[i];
            continue;
        }
        out += '"';
        for (const char c : fields[i])
            out += c == '"' ? std::string("\"\"") : std::string(1, c);
        out += '"';
    }
    return out + "\n";
}

} // namespace patchbay
