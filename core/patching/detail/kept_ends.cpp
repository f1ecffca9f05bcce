#include "patching/detail/kept_ends.h"

#include "base/error.h"

#include <algorithm>
#include <cstring>

namespace patchbay::detail {

std::string KeptEnds::key(const RunSpec &spec)
{
    RunSpec any = spec;
    any.metric = metrics().front().name;
    return cache_key(any);
}

void KeptEnds::add(const std::string &key, KeptPass pass)
{
    auto sweep = std::find_if(m_sweeps.begin(), m_sweeps.end(), [&](const Sweep &one) { return one.key == key; });
    if (sweep == m_sweeps.end())
        sweep = m_sweeps.insert(m_sweeps.end(), {key, {}, 0});
    else
        m_sweeps.splice(m_sweeps.end(), m_sweeps, sweep);
    for (const auto &known : sweep->passes)
        if (known->group == pass.group && std::any_of(pass.cells.begin(), pass.cells.end(), [&](int cell) {
                return std::find(known->cells.begin(), known->cells.end(), cell) != known->cells.end();
            }))
            return;
    const size_t bytes = pass.bytes();
    while (m_bytes + bytes > m_allowed && m_sweeps.begin() != sweep) {
        m_bytes -= m_sweeps.front().bytes;
        m_sweeps.pop_front();
    }
    if (m_bytes + bytes > m_allowed)
        return;
    m_bytes += bytes;
    sweep->bytes += bytes;
    sweep->passes.push_back(std::make_shared<const KeptPass>(std::move(pass)));
}

KeptPasses KeptEnds::of(const std::string &key) const
{
    const auto sweep = std::find_if(m_sweeps.begin(), m_sweeps.end(), [&](const Sweep &one) { return one.key == key; });
    return sweep == m_sweeps.end() ? KeptPasses() : sweep->passes;
}

ArrayMap to_arrays(const KeptPasses &passes)
{
    std::vector<float> stream;
    std::vector<int64_t> rows, cells;
    int64_t D = 0;
    for (size_t p = 0; p < passes.size(); ++p) {
        const KeptPass &pass = *passes[p];
        D = pass.rows.normed.size(1);
        const float *values = pass.rows.normed.data_ptr<float>();
        stream.insert(stream.end(), values, values + pass.rows.normed.numel());
        for (size_t r = 0; r < pass.rows.plans.size(); ++r)
            for (const int64_t part : {int64_t(p), int64_t(pass.rows.plans[r]), int64_t(pass.rows.prompts[r])})
                rows.push_back(part);
        for (const int cell : pass.cells)
            for (const int64_t part : {int64_t(p), int64_t(pass.group), int64_t(cell)})
                cells.push_back(part);
    }
    const auto n = int64_t(rows.size() / 3);
    return {{"end.stream", {{n, D}, std::move(stream)}},
            {"end.rows", {{n, 3}, std::move(rows)}},
            {"end.cells", {{int64_t(cells.size() / 3), 3}, std::move(cells)}}};
}

std::vector<KeptPass> passes_of(const ArrayMap &arrays, int64_t D)
{
    const auto stream = arrays.find("end.stream"), rows = arrays.find("end.rows"), cells = arrays.find("end.cells");
    if (stream == arrays.end() || rows == arrays.end() || cells == arrays.end())
        return {};
    for (const auto &[name, array] : {std::pair{"end.rows", rows->second}, std::pair{"end.cells", cells->second}})
        if (array.is_float() || array.shape.size() != 2 || array.shape[1] != 3)
            throw Error(name, "is no integer array [n, 3]");
    const int64_t n = rows->second.shape[0];
    if (!stream->second.is_float() || stream->second.shape != std::vector<int64_t>{n, D})
        throw Error("end.stream", "is not of this model, or not of the rows that end.rows describes");
    std::vector<KeptPass> passes;
    const std::vector<int64_t> &about = cells->second.ints(), &where = rows->second.ints();
    for (size_t i = 0; i + 2 < about.size(); i += 3) {
        if (about[i] < 0 || about[i] > int64_t(passes.size()) || about[i] + 1 < int64_t(passes.size())
            || about[i + 1] < 0 || about[i + 2] < 0)
            throw Error("end.cells", "does not have its passes in order");
        if (about[i] == int64_t(passes.size()))
            passes.push_back({int(about[i + 1]), {}, {}});
        passes.back().cells.push_back(int(about[i + 2]));
    }
    std::vector<int64_t> count(passes.size());
    for (int64_t r = 0; r < n; ++r) {
        const int64_t *row = where.data() + 3 * r;
        if (row[0] < 0 || row[0] >= int64_t(passes.size()) || (r > 0 && row[0] < row[-3]) || row[1] < 0
            || row[1] >= int64_t(passes[size_t(row[0])].cells.size()) || row[2] < 0)
            throw Error("end.rows", "names a cell or a pass that end.cells does not have");
        KeptPass &pass = passes[size_t(row[0])];
        pass.rows.plans.push_back(int(row[1]));
        pass.rows.prompts.push_back(int(row[2]));
        ++count[size_t(row[0])];
    }
    const float *from = stream->second.floats().data();
    for (size_t p = 0; p < passes.size(); ++p) {
        passes[p].rows.normed = at::empty({count[p], D}, at::kFloat);
        std::memcpy(passes[p].rows.normed.data_ptr<float>(), from, size_t(count[p] * D) * sizeof(float));
        from += count[p] * D;
    }
    return passes;
}

} // namespace patchbay::detail
