#include "analysis/detail/readings.h"

#include "analysis/recipe.h"

#include "base/plain_text.h"
#include "model/detail/weights.h"

#include <cstring>

namespace patchbay::detail {

double AnalysisRun::option(const char *key, double otherwise) const
{
    if (!analysis.options.is_object() || !analysis.options.contains(key))
        return otherwise;
    if (!analysis.options.at(key).is_number())
        throw Error(std::string("options.") + key, "is not a number");
    return analysis.options.at(key).get<double>();
}

bool AnalysisRun::flag(const char *key) const
{
    if (!analysis.options.is_object() || !analysis.options.contains(key))
        return false;
    if (!analysis.options.at(key).is_boolean())
        throw Error(std::string("options.") + key, "must be true or false");
    return analysis.options.at(key).get<bool>();
}

at::Tensor ByPrompt::at(const std::string &name) const
{
    std::vector<at::Tensor> parts;
    for (const auto &[first, part] : m_parts.at(name))
        parts.push_back(part);
    return at::cat(parts, -1);
}

Array ByPrompt::array(const std::string &name) const
{
    return to_array(at(name));
}

at::Tensor logit_direction(const Model &model, const PromptBatch &batch)
{
    const Weights &w = model.weights();
    return (w.unembedding(at::tensor(batch.io, at::kLong)) - w.unembedding(at::tensor(batch.s, at::kLong)))
        .t()
        .contiguous();
}

at::Tensor norm_scale(const at::Tensor &x, const ModelConfig &config)
{
    const at::Tensor centred = config.final_norm() == Norm::LayerNorm ? x - x.mean(-1, true) : x;
    return (centred.pow(2).mean(-1) + config.eps).sqrt();
}

std::vector<std::pair<int, int>> end_rows(const BatchLayout &layout)
{
    std::vector<std::pair<int, int>> rows;
    for (int p = 0; p < layout.prompts; ++p)
        rows.emplace_back(p, layout.end[size_t(p)]);
    return rows;
}

at::Tensor gather_rows(const at::Tensor &stream, const BatchLayout &layout,
                       const std::vector<std::pair<int, int>> &rows)
{
    std::vector<int64_t> index;
    for (const auto &[prompt, pos] : rows)
        index.push_back(layout.row(prompt, pos));
    return stream.index_select(0, at::tensor(index, at::kLong)).contiguous();
}

at::Tensor head_attribution(const Model &model, const PromptBatch &batch,
                            const std::function<at::Tensor(int)> &z_at_end, const at::Tensor &scale)
{
    const ModelConfig &c = model.config();
    const int64_t P = batch.prompts;
    const at::Tensor direction = logit_direction(model, batch); // [P, D]
    at::Tensor out = at::empty({c.n_layers, c.n_heads, P}, at::kFloat);
    for (int l = 0; l < c.n_layers; ++l) {
        const at::Tensor z = z_at_end(l).reshape({P, c.n_heads, c.d_head});              // [P, H, d]
        const at::Tensor read = at::matmul(model.weights().layer(l).W_O, direction.t()); // [H, d, P]
        out[l].copy_((z.permute({1, 2, 0}) * read).sum(1) / scale);                      // [H, P]
    }
    return out;
}

Array to_array(const at::Tensor &tensor)
{
    const at::Tensor plain = tensor.to(at::kFloat).contiguous();
    return {plain.sizes().vec(), std::vector<float>(plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel())};
}

at::Tensor from_array(const Array &array)
{
    return at::from_blob(const_cast<float *>(array.floats().data()), array.shape, at::kFloat);
}

void require_roles(const PromptBatch &batch, const AnalysisInfo &analysis)
{
    std::vector<std::string> lacking;
    for (const std::string &role : analysis.roles)
        if (!batch.find_role(role))
            lacking.push_back(role_title(role));
    if (!lacking.empty())
        throw NothingToDo(analysis.name,
                          (lacking.size() == 1 ? "needs the position of " : "needs the positions of ") + listed(lacking)
                              + ", which these prompts do not give");
}

} // namespace patchbay::detail
