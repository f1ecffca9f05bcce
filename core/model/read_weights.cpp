#include "model/detail/read_weights.h"

#include "base/error.h"
#include "model/detail/foreign_checkpoint.h"
#include "model/detail/weight_places.h"
#include "model/detail/weight_reader.h"

#include <optional>
#include <tuple>

namespace patchbay {

namespace {

std::vector<Weight> parts_of(Weight weight)
{
    switch (weight) {
    case Weight::W_qkv:
        return {Weight::W_Q, Weight::W_K, Weight::W_V};
    case Weight::b_qkv:
        return {Weight::b_Q, Weight::b_K, Weight::b_V};
    default:
        return {weight};
    }
}

/// W_Q, b_Q and the like, one or three of them in a tensor: what belongs to a head goes to that head.
void read_heads(WeightReader &reader, const ModelConfig &c, const FamilyTensor &from, const std::string &tensor,
                Weights &w, LayerWeights &l)
{
    const int64_t d = c.d_head;
    std::vector<std::vector<float *>> parts; // [part][head]
    bool matrices = false;
    for (const Weight part : parts_of(from.weight)) {
        const Place place = place_of(part, c, w, l);
        *place.tensor = reader.make(place.shape);
        matrices = place.shape.size() == 3;
        parts.emplace_back(size_t(place.shape[0]), nullptr);
        for (int64_t head = 0; place.tensor->defined() && head < place.shape[0]; ++head)
            parts.back()[size_t(head)] = place.tensor->data_ptr<float>() + head * place.tensor->stride(0);
    }
    std::vector<float *> units; // in the file's order
    if (from.layout == Layout::LinearByHead || from.layout == Layout::PlainByHead) {
        const size_t group = size_t(c.kv_group());
        for (size_t head = 0; head < size_t(c.n_kv_heads); ++head) {
            units.insert(units.end(), parts[0].begin() + std::ptrdiff_t(head * group),
                         parts[0].begin() + std::ptrdiff_t((head + 1) * group));
            units.push_back(parts[1][head]);
            units.push_back(parts[2][head]);
        }
    } else {
        for (const auto &part : parts)
            units.insert(units.end(), part.begin(), part.end());
    }
    if (matrices)
        reader.heads(tensor, from.layout == Layout::Linear || from.layout == Layout::LinearByHead, units, d, c.d_model);
    else
        reader.head_biases(tensor, units, d);
}

/// Weights of a QK-norm, [heads, d].
at::Tensor read_qk_norm(WeightReader &reader, const FamilyTensor &from, const std::string &tensor, int64_t heads,
                        int64_t d)
{
    switch (from.layout) {
    case Layout::ForAllHeads: {
        const at::Tensor one = reader.plain(tensor, {d});
        return one.defined() ? one.unsqueeze(0).repeat({heads, 1}) : one;
    }
    case Layout::OneEach: {
        std::vector<at::Tensor> each;
        for (int64_t head = 0; head < heads; ++head) {
            std::string name = tensor;
            each.push_back(reader.plain(name.replace(name.find('#'), 1, std::to_string(head)), {d}));
        }
        return each.front().defined() ? at::stack(each) : at::Tensor();
    }
    case Layout::HeadRows:
        return reader.plain(tensor, {heads, d});
    default:
        break;
    }
    const at::Tensor all = reader.plain(tensor, {heads * d});
    return all.defined() ? all.view({heads, d}) : all;
}

void read_tensor(WeightReader &reader, const ModelConfig &c, const FamilyTensor &from, const std::string &tensor,
                 Weights &w, LayerWeights &l)
{
    if (from.layout == Layout::Stacked) {
        const Place place = place_of(from.weight, c, w, l);
        const at::Tensor stored = reader.plain(
            tensor, from.weight == Weight::W_O ? std::vector<int64_t>{c.n_heads, c.d_head, c.d_model} : place.shape);
        *place.tensor = stored.defined() ? stored.view(place.shape) : stored;
        return;
    }
    switch (from.weight) {
    case Weight::W_Q:
    case Weight::W_K:
    case Weight::W_V:
    case Weight::W_qkv:
    case Weight::b_Q:
    case Weight::b_K:
    case Weight::b_V:
    case Weight::b_qkv:
        read_heads(reader, c, from, tensor, w, l);
        return;
    case Weight::W_gate_in:
        std::tie(l.W_gate, l.W_in) = reader.two_linear(tensor, c.d_mlp, c.d_model);
        return;
    default:
        break;
    }
    const Place place = place_of(from.weight, c, w, l);
    if (from.weight == Weight::q_norm || from.weight == Weight::k_norm)
        *place.tensor = read_qk_norm(reader, from, tensor, place.shape[0], c.d_head);
    else if (from.layout == Layout::Linear)
        *place.tensor = reader.linear(tensor, place.shape[1], place.shape[0]);
    else
        *place.tensor = reader.plain(tensor, place.shape, from.skipped_rows);
}

/// What the family has not: biases, and weights of norms that have none.
void fill(const WeightReader &reader, const ModelConfig &c, Weights &w, LayerWeights &l,
          std::initializer_list<Weight> weights, float value)
{
    for (const Weight weight : weights)
        if (const Place place = place_of(weight, c, w, l); !place.tensor->defined())
            if (*place.tensor = reader.make(place.shape); place.tensor->defined())
                place.tensor->fill_(value);
}

void complete(const WeightReader &reader, const ModelConfig &c, Weights &w, LayerWeights &l)
{
    fill(reader, c, w, l, {Weight::b_Q, Weight::b_K, Weight::b_V, Weight::b_O, Weight::b_in, Weight::b_out}, 0);
    if (!c.has_mlp())
        fill(reader, c, w, l, {Weight::W_in, Weight::W_out}, 0);
    if (c.pre_norms)
        fill(reader, c, w, l, {Weight::ln1_w}, 1);
    if (c.pre_norms && c.has_mlp())
        fill(reader, c, w, l, {Weight::ln2_w}, 1);
    if (c.mid_norm)
        fill(reader, c, w, l, {Weight::mid_norm_w}, 1);
}

// The configuration's multipliers, and what the file's numbers stand for. Matrices that are kept as stored get theirs
// when they are widened.
void settle(const ModelConfig &c, const FamilyTensors &family, Weights &w)
{
    if (c.tied_embedding) {
        if (w.stored())
            w.unembed.rows = w.W_E;
        else
            w.W_U = w.W_E.t().contiguous(); // [D, V]
    }
    const auto scale = [](double by, std::initializer_list<at::Tensor *> tensors) {
        for (at::Tensor *tensor : tensors)
            if (by != 1 && tensor->defined())
                tensor->mul_(by);
    };
    scale(family.logit_scale, {&w.W_U, &w.b_U});
    for (LayerWeights &l : w.layers)
        scale(family.residual_scale, {&l.b_O, &l.b_out});
    if (family.norms_add_one) {
        std::vector<at::Tensor *> norms{&w.ln_final_w};
        for (LayerWeights &l : w.layers)
            norms.insert(norms.end(), {&l.ln1_w, &l.ln2_w, &l.ln1_post_w, &l.ln2_post_w, &l.q_norm, &l.k_norm});
        for (at::Tensor *norm : norms)
            if (norm->defined())
                norm->add_(1);
    }
    w.embedding_scale = family.embedding_scale;
    if (w.stored()) {
        w.residual_scale = family.residual_scale;
        w.unembed.multiplier = family.logit_scale;
        return;
    }
    for (LayerWeights &l : w.layers)
        scale(family.residual_scale, {&l.W_O, &l.W_out});
    w.settle_embedding(w.W_E);
    w.embedding_scale = 1;
    w.ln_embed_w = w.ln_embed_b = at::Tensor();
}

std::string prefix_of(const WeightReader &reader, const FamilyTensors &family)
{
    const std::string &first = family.stream.front().name;
    if (reader.has(first))
        return "";
    for (const std::string &prefix : family.prefixes)
        if (reader.has(prefix + first))
            return prefix;
    return family.prefixes.empty() ? "" : family.prefixes.front();
}

/// Rows of the embedding or the unembedding, [V, D], where they are kept as the file has them.
bool read_rows(WeightReader &reader, const ModelConfig &c, const FamilyTensor &from, const std::string &tensor,
               Weights &w)
{
    if (!w.stored() || (from.weight != Weight::W_E && from.weight != Weight::W_U))
        return false;
    if (from.weight == Weight::W_U && from.layout != Layout::Linear) { // columns of a token each
        const at::Tensor W = reader.plain(tensor, {c.d_model, c.d_vocab});
        w.unembed.rows = W.defined() ? W.t().to(w.kept, false, true, at::MemoryFormat::Contiguous) : W;
        return true;
    }
    (from.weight == Weight::W_E ? w.W_E : w.unembed.rows) = reader.plain(tensor, {c.d_vocab, c.d_model}, 0, w.kept);
    return true;
}

void keep(LayerWeights &l, at::ScalarType type)
{
    for (at::Tensor *matrix : l.large())
        if (matrix->defined())
            *matrix = matrix->to(type);
}

at::ScalarType scalar_type(DType kept)
{
    return kept == DType::F16 ? at::kHalf : kept == DType::BF16 ? at::kBFloat16 : at::kFloat;
}

Weights read_all(WeightReader &reader, const ModelConfig &c, const FamilyTensors &family, DType kept)
{
    const std::string prefix = prefix_of(reader, family);
    Weights w;
    w.kept = scalar_type(kept);
    w.config = c;
    LayerWeights none;
    for (const FamilyTensor &from : family.stream)
        if (!read_rows(reader, c, from, prefix + from.name, w))
            read_tensor(reader, c, from, prefix + from.name, w, none);
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string at = prefix + family.layers + std::to_string(layer) + ".";
        LayerWeights l;
        for (const FamilyTensor &from : family.layer)
            read_tensor(reader, c, from, at + from.name, w, l);
        complete(reader, c, w, l);
        if (l.W_O.defined())
            l.W_O = l.W_O.view({c.n_heads, c.d_head, c.d_model});
        keep(l, w.kept);
        w.layers.push_back(std::move(l));
    }
    for (const FamilyTensor &from : family.head) {
        // The embedding is what a tied model computes with, whatever the file holds here.
        if (from.weight == Weight::W_U && c.tied_embedding)
            reader.ignore(from.name);
        else if (!read_rows(reader, c, from, from.name, w))
            read_tensor(reader, c, from, from.name, w, none);
    }
    fill(reader, c, w, none, {Weight::b_U}, 0);
    fill(reader, c, w, none, {Weight::ln_final_w}, 1);
    return w;
}

} // namespace

DType stored_dtype(const Checkpoint &checkpoint, const std::string &family)
{
    std::optional<DType> one;
    for (const auto &[tensor, stored] : checkpoint.tensors()) {
        if (is_buffer(family, tensor) || stored.shape.size() < 2)
            continue;
        if (one && *one != stored.dtype)
            return DType::F32;
        one = stored.dtype;
    }
    return one == DType::F16 || one == DType::BF16 ? *one : DType::F32;
}

Weights read_weights(const Checkpoint &checkpoint, const ModelConfig &config, const FamilyTensors &family, DType kept,
                     const std::function<void(double)> &progress, const CancelToken &cancel)
{
    for (const auto &[tensor, stored] : checkpoint.tensors())
        refuse_foreign_tensor(tensor, stored.file);
    WeightReader reader(checkpoint, progress, cancel);
    read_all(reader, config, family, kept);
    reader.check_extra(config, family.ignored);
    reader.start_reading();
    Weights weights = read_all(reader, config, family, kept);
    settle(config, family, weights);
    return weights;
}

} // namespace patchbay
