#include "script/detail/python_values.h"

namespace patchbay::detail {

namespace {

std::string nested(const std::vector<int64_t> &shape, size_t axis, size_t &cell, const std::string &indent,
                   const std::function<std::string(size_t)> &value)
{
    if (axis == shape.size())
        return value(cell++);
    const std::vector<int> places(size_t(shape[axis]));
    return list_of(
        places, [&](int) { return nested(shape, axis + 1, cell, indent + " ", value); }, indent);
}

} // namespace

std::string nested_lists(const std::vector<int64_t> &shape, const std::function<std::string(size_t)> &value)
{
    size_t cell = 0;
    return nested(shape, 0, cell, "    ", value);
}

std::string array_text(const Array &array, bool by_prompt)
{
    if (!array.is_float())
        return nested_lists(array.shape, [&](size_t at) { return python_number(array.ints()[at]); });
    const std::vector<float> &values = array.floats();
    if (!by_prompt)
        return nested_lists(array.shape, [&](size_t at) { return python_number(double(values[at])); });
    const size_t prompts = size_t(array.shape.back());
    return nested_lists({array.shape.begin(), array.shape.end() - 1}, [&](size_t at) {
        double sum = 0;
        for (size_t p = 0; p < prompts; ++p)
            sum += double(values[at * prompts + p]);
        return python_number(sum / double(prompts));
    });
}

std::string heads_text(const char *name, const std::vector<Head> &heads)
{
    const auto text = [](Head head) {
        return "(" + std::to_string(head.layer) + ", " + std::to_string(head.head) + ")";
    };
    return std::string(name) + " = " + list_of(heads, text, "    ") + "\n";
}

std::string positions_text(const Positions &positions, const PromptBatch &batch)
{
    std::vector<std::vector<int>> places;
    switch (positions.kind) {
    case Positions::Kind::All:
        return "POSITIONS = None  # all of them\n";
    case Positions::Kind::Each:
        return "POSITIONS = \"each\"  # in turn\n";
    case Positions::Kind::Role:
        for (const int at : batch.role(positions.role))
            places.push_back({at});
        break;
    case Positions::Kind::List:
        places.assign(size_t(batch.prompts), positions.list);
        break;
    }
    const auto of_prompt = [](const std::vector<int> &these) { return numbers_of(these); };
    return "POSITIONS = " + list_of(places, of_prompt, "   ") + "  # of each prompt\n";
}

} // namespace patchbay::detail
