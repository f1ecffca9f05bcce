// RunResults as named arrays and as files that can be read again without loss.
#include "patching/run_result_arrays.h"

#include "base/error.h"
#include "io/array_files.h"
#include "nouns/quantity.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

namespace {

using nlohmann::json;

constexpr int file_version = 1;
constexpr const char *metadata_key = "patchbay";

std::vector<int64_t> cell_shape(const Grid &grid)
{
    return {grid.shape.begin(), grid.shape.end()};
}

std::vector<int64_t> prompt_shape(const Grid &grid)
{
    std::vector<int64_t> shape = cell_shape(grid);
    shape.push_back(grid.prompts);
    return shape;
}

Array row(const std::vector<float> &values)
{
    return {{int64_t(values.size())}, values};
}

Array flags(const std::vector<uint8_t> &values)
{
    return {{int64_t(values.size())}, std::vector<int64_t>(values.begin(), values.end())};
}

// Attribution has no patched runs: its grid's array is the estimate itself, in units of the metric.
bool only_estimates(const RunResult &result)
{
    return result.spec.is<Attribution>();
}

bool any_number(const std::vector<float> &values)
{
    return std::any_of(values.begin(), values.end(), [](float v) { return !std::isnan(v); });
}

// One letter a cell: m(issing), e(stimated), x (exact). A whole grid of one state is one letter.
std::string states_text(const std::vector<CellState> &states)
{
    std::string text;
    for (const CellState state : states)
        text += state == CellState::Missing ? 'm' : state == CellState::Estimated ? 'e' : 'x';
    if (!text.empty() && text.find_first_not_of(text[0]) == std::string::npos)
        text.resize(1);
    return text;
}

// What the axes of an analysis' arrays are, where the registry of quantities knows it: files tell it to readers that do
// not have that registry.
json axes_of(const RunResult &result)
{
    json out = json::object();
    for (const auto &[array_name, array] : result.arrays) {
        const Quantity quantity = quantity_named(array_name);
        if (!quantity.known() || (quantity.draw != Quantity::Draw::Heads && quantity.draw != Quantity::Draw::Layers))
            continue;
        std::vector<std::string> axes{"layer"};
        if (quantity.draw == Quantity::Draw::Heads)
            axes.emplace_back("head");
        if (array.shape.size() == axes.size() + 1 && array.shape.back() == int64_t(result.baseline.clean.size()))
            axes.emplace_back("prompt");
        if (array.shape.size() == axes.size())
            out[array_name] = axes;
    }
    return out;
}

json description(const RunResult &result)
{
    json grids = json::array();
    for (const Grid &grid : result.grids)
        grids.push_back({{"name", grid.name},
                         {"axes", grid.axes},
                         {"shape", grid.shape},
                         {"prompts", grid.prompts},
                         {"direction", name(grid.direction)},
                         {"flops", grid.flops},
                         {"states", states_text(grid.state)}});
    const Baseline &b = result.baseline;
    json out = {{"file_version", file_version},
                {"grids", grids},
                {"complete", result.complete},
                {"effect_unit", b.shares_make_sense() ? "share of the gap" : info(b.metric).unit},
                {"flops", result.flops},
                {"baseline",
                 {{"clean_mean", b.clean_mean},
                  {"flipped_mean", b.flipped_mean},
                  {"accuracy_clean", b.accuracy_clean},
                  {"accuracy_flipped", b.accuracy_flipped},
                  {"rank0_clean", b.rank0_clean},
                  {"rank0_flipped", b.rank0_flipped}}}};
    if (json axes = axes_of(result); !axes.empty())
        out["axes"] = std::move(axes);
    if (!result.summary.is_null())
        out["summary"] = result.summary;
    return out;
}

// Tables only: the normalised grids, per-prompt values of layer sweeps, and rows as tables of one line.
ArrayMap tables_of(const ArrayMap &arrays)
{
    ArrayMap tables;
    for (const auto &[array_name, array] : arrays) {
        if (!array.is_float() || array.shape.size() > 2)
            continue;
        Array table = array;
        while (table.shape.size() < 2)
            table.shape.insert(table.shape.begin(), 1);
        tables.emplace(array_name, std::move(table));
    }
    return tables;
}

Array take(ArrayMap &arrays, const std::string &array_name, const std::vector<int64_t> &shape, const std::string &file)
{
    const auto it = arrays.find(array_name);
    if (it == arrays.end())
        throw Error(file, "has no array \"" + array_name + "\", which its description names");
    if (!it->second.is_float() || it->second.shape != shape)
        throw Error(file, "array \"" + array_name + "\" has another shape than the file's description says");
    Array array = std::move(it->second);
    arrays.erase(it);
    return array;
}

std::vector<CellState> read_states(std::string text, size_t cells, const std::string &file)
{
    if (text.size() == 1)
        text.assign(cells, text[0]);
    if (text.size() != cells)
        throw Error(
            file, "describes " + std::to_string(text.size()) + " cell states for " + std::to_string(cells) + " cells");
    std::vector<CellState> states;
    for (const char c : text)
        states.push_back(c == 'x' ? CellState::Exact : c == 'e' ? CellState::Estimated : CellState::Missing);
    return states;
}

/// No array says how large a grid without cells is, but its prompts are those of the baseline.
void make_empty(Grid &grid, size_t cells, size_t prompts, const std::string &file)
{
    constexpr size_t most = size_t(1) << 28; // values
    const size_t own = size_t(std::max(grid.prompts, 0));
    if (grid.prompts < 0 || (prompts > 0 && own != prompts) || cells > most / std::max<size_t>(own, 1))
        throw Error(file, "describes a grid \"" + grid.name + "\" of an absurd size");
    grid.per_prompt.assign(cells * own, std::numeric_limits<float>::quiet_NaN());
    grid.state.assign(cells, CellState::Missing);
}

/// empty_of: the number of prompts of a frame, whose cells are not there; null for a whole result.
Grid read_grid(const json &entry, bool estimates_only, ArrayMap &arrays, const std::string &file,
               const size_t *empty_of)
{
    Grid grid;
    grid.name = entry.at("name");
    grid.axes = entry.at("axes").get<std::vector<std::string>>();
    grid.shape = entry.at("shape").get<std::vector<int>>();
    grid.prompts = entry.at("prompts");
    grid.direction = parse_direction(entry.at("direction").get<std::string>());
    grid.flops = entry.value("flops", 0.0); // files of earlier versions have that of the whole result only
    size_t cells = 1;
    for (const int size : grid.shape) {
        if (size < 0 || size > 1'000'000)
            throw Error(file, "describes a grid \"" + grid.name + "\" of an absurd size");
        cells *= size_t(size);
        if (cells > size_t(1) << 32)
            throw Error(file, "describes a grid \"" + grid.name + "\" of an absurd size");
    }
    if (grid.axes.size() != grid.shape.size())
        throw Error(file, "describes a grid \"" + grid.name + "\" whose axes are not those of its shape");
    if (empty_of) {
        make_empty(grid, cells, *empty_of, file);
        return grid;
    }
    const std::string values = estimates_only ? grid.name + ".per_prompt" : grid.name;
    if (!estimates_only || arrays.contains(values))
        grid.per_prompt = take(arrays, values, prompt_shape(grid), file).floats();
    else
        grid.per_prompt.assign(cells * size_t(grid.prompts), std::numeric_limits<float>::quiet_NaN());
    if (arrays.contains(grid.name + ".estimate"))
        grid.estimate = take(arrays, grid.name + ".estimate", cell_shape(grid), file).floats();
    if (estimates_only)
        arrays.erase(grid.name);
    arrays.erase(grid.name + ".normalised");
    grid.state = read_states(entry.at("states"), cells, file);
    return grid;
}

std::vector<uint8_t> take_flags(ArrayMap &arrays, const std::string &array_name)
{
    const auto it = arrays.find(array_name);
    if (it == arrays.end() || it->second.is_float())
        return {};
    const std::vector<int64_t> values = it->second.ints();
    arrays.erase(it);
    return {values.begin(), values.end()};
}

std::vector<float> take_row(ArrayMap &arrays, const std::string &array_name)
{
    const auto it = arrays.find(array_name);
    if (it == arrays.end() || !it->second.is_float())
        return {};
    std::vector<float> values = std::move(it->second.floats());
    arrays.erase(it);
    return values;
}

} // namespace

ArrayMap to_arrays(const RunResult &result)
{
    ArrayMap arrays = result.arrays;
    const Baseline &baseline = result.baseline;
    if (!baseline.clean.empty()) {
        arrays["clean"] = row(baseline.clean);
        arrays["flipped"] = row(baseline.flipped);
    }
    if (!baseline.clean_rank0.empty()) {
        arrays["clean.rank0"] = flags(baseline.clean_rank0);
        arrays["flipped.rank0"] = flags(baseline.flipped_rank0);
    }
    for (const Grid &grid : result.grids) {
        std::vector<float> effect(size_t(grid.cells()));
        for (int cell = 0; cell < grid.cells(); ++cell)
            effect[size_t(cell)] = float(normalised(grid, cell, baseline));
        if (only_estimates(result)) {
            std::vector<float> change(effect.size());
            for (size_t cell = 0; cell < effect.size(); ++cell)
                change[cell] = float(double(effect[cell]) * baseline.scale());
            arrays[grid.name] = {cell_shape(grid), std::move(change)};
        } else {
            arrays[grid.name] = {prompt_shape(grid), grid.per_prompt};
        }
        arrays[grid.name + ".normalised"] = {cell_shape(grid), std::move(effect)};
    }
    return arrays;
}

namespace {

FileMetadata metadata_of(const RunResult &result)
{
    FileMetadata metadata{{"title", title(result.spec)},         {"spec", to_json(result.spec).dump()},
                          {"version", result.version},           {"arithmetic", result.arithmetic},
                          {"model_sha256", result.model_sha256}, {metadata_key, description(result).dump()}};
    if (!result.computed_on.empty())
        metadata["computed_on"] = result.computed_on;
    for (const char *axis : {"forward", "backward"}) // names of the rows and columns of tables of edges
        if (result.summary.is_object() && result.summary.contains(axis))
            metadata[axis] = result.summary.at(axis).dump();
    return metadata;
}

} // namespace

ArrayFile frame_of(const RunResult &result)
{
    RunResult frame = result;
    for (Grid &grid : frame.grids) {
        grid.state.assign(grid.state.size(), CellState::Missing);
        grid.flops = 0;
    }
    frame.flops = 0;
    ArrayFile out{{}, metadata_of(frame)};
    frame.grids.clear();
    out.arrays = to_arrays(frame);
    return out;
}

// Durations are left out, so that the same run gives the same bytes.
ArrayFile file_of(const RunResult &result)
{
    ArrayFile file{to_arrays(result), metadata_of(result)};
    for (const Grid &grid : result.grids) {
        if (!grid.estimate.empty())
            file.arrays[grid.name + ".estimate"] = {cell_shape(grid), grid.estimate};
        if (only_estimates(result) && any_number(grid.per_prompt))
            file.arrays[grid.name + ".per_prompt"] = {prompt_shape(grid), grid.per_prompt};
    }
    return file;
}

void save_result(const std::filesystem::path &path, const RunResult &result)
{
    if (path.extension() == ".csv") {
        const ArrayMap arrays = tables_of(to_arrays(result));
        if (arrays.empty())
            throw Error(path.string(),
                        "CSV holds tables only and this result has none; write .safetensors, .npz or .json");
        write_arrays(path, arrays, metadata_of(result));
        return;
    }
    const ArrayFile file = file_of(result);
    write_arrays(path, file.arrays, file.metadata);
}

namespace {

RunResult result_of(ArrayFile content, const std::string &file, bool frame)
{
    const auto described = content.metadata.find(metadata_key);
    const auto spec = content.metadata.find("spec");
    if (described == content.metadata.end() || spec == content.metadata.end())
        throw Error(file, "is not a Patchbay result: it does not say what was computed");
    RunResult result;
    try {
        result.spec = run_spec_from_json(json::parse(spec->second));
        const json about = json::parse(described->second);
        if (about.at("file_version") != file_version)
            throw Error(file,
                        "is of file version " + about.at("file_version").dump() + ", this program reads version "
                            + std::to_string(file_version));
        result.version = content.metadata["version"];
        result.model_sha256 = content.metadata["model_sha256"];
        if (const auto arithmetic = content.metadata.find("arithmetic"); arithmetic != content.metadata.end())
            result.arithmetic = arithmetic->second;
        if (const auto where = content.metadata.find("computed_on"); where != content.metadata.end())
            result.computed_on = where->second;
        result.complete = about.at("complete");
        result.flops = about.at("flops");
        if (about.contains("summary"))
            result.summary = about["summary"];
        const json &means = about.at("baseline");
        Baseline &baseline = result.baseline;
        baseline.metric = metric_of(result.spec);
        baseline.clean_mean = means.at("clean_mean");
        baseline.flipped_mean = means.at("flipped_mean");
        baseline.accuracy_clean = means.at("accuracy_clean");
        baseline.accuracy_flipped = means.at("accuracy_flipped");
        baseline.rank0_clean = means.at("rank0_clean");
        baseline.rank0_flipped = means.at("rank0_flipped");
        baseline.clean = take_row(content.arrays, "clean");
        baseline.flipped = take_row(content.arrays, "flipped");
        baseline.clean_rank0 = take_flags(content.arrays, "clean.rank0");
        baseline.flipped_rank0 = take_flags(content.arrays, "flipped.rank0");
        const size_t prompts = baseline.clean.size();
        const size_t *empty_of = frame ? &prompts : nullptr;
        for (const json &entry : about.at("grids"))
            result.grids.push_back(read_grid(entry, only_estimates(result), content.arrays, file, empty_of));
    } catch (const json::exception &error) {
        throw Error(file, std::string("its description cannot be read: ") + error.what());
    }
    result.arrays = std::move(content.arrays);
    return result;
}

} // namespace

RunResult result_of_file(ArrayFile content, const std::string &file)
{
    return result_of(std::move(content), file, false);
}

RunResult result_of_frame(ArrayFile frame, const std::string &file)
{
    return result_of(std::move(frame), file, true);
}

bool is_result_file(const std::filesystem::path &path)
{
    try {
        const FileMetadata metadata = read_metadata(path);
        return metadata.contains("spec") && metadata.contains(metadata_key);
    } catch (const Error &) {
        return false;
    }
}

RunResult load_result(const std::filesystem::path &path)
{
    if (path.extension() == ".csv")
        throw Error(path.string(),
                    "a CSV file holds tables only and cannot be opened as a result; open the .safetensors, .npz or "
                    ".json of that run");
    return result_of(read_arrays(path), path.string(), false);
}

} // namespace patchbay
