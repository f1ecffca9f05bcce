#include "remote/detail/raw.h"

#include "base/error.h"
#include "nouns/bos.h"
#include "nouns/direction.h"
#include "nouns/metric.h"
#include "nouns/site.h"
#include "spec/run_spec.h"

#include <cmath>
#include <limits>

namespace patchbay::remote {

using nlohmann::json;

namespace {

constexpr size_t deepest = 64; // arrays and objects in one another
constexpr const char *number_key = "number";

/// Runs a reader of text or of JSON, whose complaints then name the place in the message.
template <class Read>
auto reading(const JsonField &at, Read &&read)
{
    try {
        return read();
    } catch (const Error &error) {
        at.fail(error.what());
    } catch (const json::exception &error) {
        at.fail(error.what());
    }
}

const char *word_of(double value)
{
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

double number_of(const std::string &word, const JsonField *at)
{
    if (word == "nan")
        return std::numeric_limits<double>::quiet_NaN();
    if (word == "inf" || word == "-inf")
        return word == "inf" ? HUGE_VAL : -HUGE_VAL;
    if (at)
        at->fail("should be a number");
    return 0;
}

bool holds_no_number(const json &value)
{
    if (value.is_number_float())
        return !std::isfinite(value.get<double>());
    return value.is_structured() && std::any_of(value.begin(), value.end(), holds_no_number);
}

json with_words(const json &value)
{
    if (value.is_number_float() && !std::isfinite(value.get<double>()))
        return {{number_key, word_of(value.get<double>())}};
    json out = value;
    if (out.is_structured())
        for (json &one : out)
            one = with_words(one);
    return out;
}

bool is_word(const json &value)
{
    if (!value.is_object() || value.size() != 1 || !value.contains(number_key) || !value.at(number_key).is_string())
        return false;
    const std::string &word = value.at(number_key).get_ref<const std::string &>();
    return word == "nan" || word == "inf" || word == "-inf";
}

} // namespace

json packed_enum(Site value)
{
    return name(value);
}
json packed_enum(Direction value)
{
    return name(value);
}
json packed_enum(Metric value)
{
    return info(value).name;
}
json packed_enum(Bos value)
{
    return name(value);
}
void read_enum(const JsonField &at, Site &out)
{
    out = reading(at, [&] { return parse_site(at.text()); });
}
void read_enum(const JsonField &at, Direction &out)
{
    out = reading(at, [&] { return parse_direction(at.text()); });
}
void read_enum(const JsonField &at, Metric &out)
{
    const MetricInfo *metric = find_metric(at.text());
    if (!metric)
        at.fail(unknown_metric(at.text()));
    out = metric->metric;
}
void read_enum(const JsonField &at, Bos &out)
{
    out = reading(at, [&] { return parse_bos(at.text()); });
}

json packed_number(double value)
{
    return std::isfinite(value) ? json(value) : json(word_of(value));
}

double read_number(const JsonField &at)
{
    if (at.value().is_number())
        return at.value().get<double>();
    return number_of(at.text(), &at);
}

json packed_json(const json &value)
{
    return holds_no_number(value) ? with_words(value) : value;
}

json read_json(const json &value)
{
    if (is_word(value))
        return number_of(value.at(number_key), nullptr);
    json out = value;
    if (out.is_structured())
        for (json &one : out)
            if (one.is_structured())
                one = read_json(one);
    return out;
}

void read_head(const JsonField &at, Head &out)
{
    const std::vector<JsonField> both = at.items();
    if (both.size() != 2)
        at.fail("should be a layer and a head");
    constexpr int most = std::numeric_limits<int>::max();
    out = {int(both[0].integer(-1, most)), int(both[1].integer(-1, most))};
}

void read_file_form(const JsonField &at, RunSpec &out)
{
    out = reading(at, [&] { return run_spec_from_json(at.value()); });
}
void read_file_form(const JsonField &at, ModelRef &out)
{
    out = reading(at, [&] { return model_ref_from_json(at.value(), at.file()); });
}
void read_file_form(const JsonField &at, TaskRef &out)
{
    out = reading(at, [&] { return task_ref_from_json(at.value(), at.file()); });
}
void read_file_form(const JsonField &at, Recipe &out)
{
    out = reading(at, [&] { return recipe_from_json(at.value(), at.file()); });
}

json parse_message(const std::string &text, const std::string &from)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > deepest)
            throw Error(from,
                        "sent JSON whose arrays and objects stand in one another more than " + std::to_string(deepest)
                            + " deep");
        else if (!quoted && (c == ']' || c == '}') && depth > 0)
            --depth;
    }
    return parse_json(text, from);
}

} // namespace patchbay::remote
