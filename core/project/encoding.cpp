#include "project/detail/encoding.h"

#include "base/error.h"
#include "base/json_field.h"
#include "io/safetensors.h"
#include "patching/run_result_arrays.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace patchbay::detail {

namespace {

using nlohmann::json;

/// Runs what reads JSON that is not trusted.
template <class Read>
auto reading(const std::string &place, Read &&read)
{
    try {
        return read();
    } catch (const json::exception &error) {
        throw Error(place, std::string("cannot be read: ") + error.what());
    }
}

// Doubles as the bits that they are: these files know float32 and int64 only.
Array bits_of(const std::vector<double> &values)
{
    std::vector<int64_t> bits;
    for (const double value : values)
        bits.push_back(std::bit_cast<int64_t>(value));
    return {{int64_t(bits.size())}, std::move(bits)};
}

std::vector<int64_t> integers(const ArrayFile &file, const std::string &name, const std::string &place)
{
    const auto it = file.arrays.find(name);
    if (it == file.arrays.end() || it->second.is_float())
        throw Error(place, "lacks \"" + name + "\"");
    return it->second.ints();
}

std::vector<double> doubles(const std::vector<int64_t> &bits)
{
    std::vector<double> values;
    for (const int64_t value : bits)
        values.push_back(std::bit_cast<double>(value));
    return values;
}

Array whole(const std::vector<int> &values)
{
    return {{int64_t(values.size())}, std::vector<int64_t>(values.begin(), values.end())};
}

constexpr const char *half_width = "half_width|", *among_top = "among_top|", *best = "best_rank|",
                     *worst = "worst_rank|", *about = "about|";

} // namespace

template <class T>
std::vector<T> values_of(Bytes bytes, const std::string &place)
{
    if (bytes.size() % sizeof(T) != 0)
        throw Error(place, "holds " + std::to_string(bytes.size()) + " bytes, which are no whole numbers");
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty())
        std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}
template std::vector<int32_t> values_of(Bytes, const std::string &);
template std::vector<float> values_of(Bytes, const std::string &);

std::string string_of(Bytes bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

RunSpec spec_of_text(const std::string &text, const std::string &place)
{
    return reading(place, [&] { return run_spec_from_json(parse_json(text, place)); });
}

ModelRef model_of_text(const std::string &text, const std::string &place)
{
    return reading(place, [&] { return model_ref_from_json(parse_json(text, place), place); });
}

TaskRef task_of_text(const std::string &text, const std::string &place)
{
    return reading(place, [&] { return task_ref_from_json(parse_json(text, place), place); });
}

ProjectRun run_of_row(const Statement &row, const std::string &place)
{
    return {.id = row.integer(0),
            .name = row.text(1),
            .spec = spec_of_text(row.text(2), place),
            .state = row.text(3),
            .message = row.text(4),
            .started = row.text(5),
            .pinned = row.integer(6) != 0,
            .live = row.integer(7) != 0,
            .done = int(row.integer(8)),
            .total = int(row.integer(9))};
}

Cells cells_of_row(const Statement &row, int first, const std::string &place)
{
    Cells event;
    event.grid = int(std::clamp<int64_t>(row.integer(first), -1, std::numeric_limits<int>::max()));
    event.state = row.integer(first + 1) ? CellState::Exact : CellState::Estimated;
    event.cells = values_of<int>(row.bytes(first + 2), place);
    event.per_prompt = values_of<float>(row.bytes(first + 3), place);
    event.estimates = values_of<float>(row.bytes(first + 4), place);
    event.flops = row.number(first + 5);
    event.seconds = row.number(first + 6);
    return event;
}

std::string bytes_of_frame(const RunResult &result)
{
    const ArrayFile frame = frame_of(result);
    return safetensors_bytes(frame.arrays, frame.metadata);
}

RunResult frame_of_bytes(Bytes bytes, const std::string &place)
{
    return result_of_frame(parse_safetensors(bytes, place), place);
}

std::string bytes_of_end(const RunEnd &end)
{
    const json said{{"complete", end.complete}, {"seconds", end.seconds}, {"summary", end.summary}};
    return safetensors_bytes(end.arrays, {{"end", said.dump(-1, ' ', false, json::error_handler_t::replace)}});
}

RunEnd end_of_bytes(Bytes bytes, const std::string &place)
{
    ArrayFile file = parse_safetensors(bytes, place);
    return reading(place, [&] {
        const json said = json::parse(file.metadata["end"]);
        RunEnd end;
        end.complete = said.at("complete");
        end.seconds = said.at("seconds");
        end.summary = said.at("summary");
        end.arrays = std::move(file.arrays);
        return end;
    });
}

std::string bytes_of_intervals(const RunIntervals &intervals)
{
    ArrayMap arrays;
    for (const auto &[name, widths] : intervals.half_widths)
        arrays[half_width + name] = bits_of(widths);
    for (const auto &[name, stable] : intervals.stabilities) {
        arrays[among_top + name] = bits_of(stable.among_top);
        arrays[best + name] = whole(stable.best_rank);
        arrays[worst + name] = whole(stable.worst_rank);
        arrays[about + name] = {
            {3}, std::vector<int64_t>{stable.top, stable.samples, std::bit_cast<int64_t>(stable.split_half)}};
    }
    return safetensors_bytes(arrays, {});
}

RunIntervals intervals_of_bytes(Bytes bytes, const std::string &place)
{
    const ArrayFile file = parse_safetensors(bytes, place);
    RunIntervals out;
    for (const auto &[array, values] : file.arrays) {
        if (array.starts_with(half_width))
            out.half_widths[array.substr(std::strlen(half_width))] = doubles(integers(file, array, place));
        if (!array.starts_with(about))
            continue;
        const std::string name = array.substr(std::strlen(about));
        const std::vector<int64_t> said = integers(file, array, place);
        if (said.size() != 3)
            throw Error(place, "has three numbers about \"" + name + "\" and no others");
        const auto ranks = [&](const char *kind) {
            const std::vector<int64_t> read = integers(file, kind + name, place);
            return std::vector<int>(read.begin(), read.end());
        };
        out.stabilities[name] = {.top = int(said[0]),
                                 .samples = int(said[1]),
                                 .among_top = doubles(integers(file, among_top + name, place)),
                                 .best_rank = ranks(best),
                                 .worst_rank = ranks(worst),
                                 .split_half = std::bit_cast<double>(said[2])};
    }
    return out;
}

bool all_known(const Cells &event, const RunResult &result)
{
    const Grid &grid = result.grids[size_t(event.grid)];
    return event.state == CellState::Exact && std::all_of(event.cells.begin(), event.cells.end(), [&](int cell) {
               return grid.state[size_t(cell)] == CellState::Exact;
           });
}

} // namespace patchbay::detail
