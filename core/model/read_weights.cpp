#include "model/detail/read_weights.h"

#include "base/error.h"
#include "model/detail/foreign_checkpoint.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace patchbay {

namespace {

std::string text(const std::vector<int64_t> &shape)
{
    std::string out = "[";
    for (const int64_t extent : shape)
        out += (out.size() > 1 ? ", " : "") + std::to_string(extent);
    return out + "]";
}

/// Goes through a family's tensors twice: first only names and shapes are checked, so that nothing is allocated for a
/// configuration that does not fit the file; then everything is read.
class Reader {
public:
    Reader(const Checkpoint &checkpoint, const std::function<void(double)> &progress, const CancelToken &cancel)
        : m_checkpoint(checkpoint), m_progress(progress), m_cancel(cancel)
    {
    }
    void start_reading() { m_reading = true; }
    bool has(const std::string &tensor) const { return m_checkpoint.tensors().contains(tensor); }

    at::Tensor make(at::IntArrayRef shape) const { return m_reading ? at::empty(shape, at::kFloat) : at::Tensor(); }
    at::Tensor zeros(at::IntArrayRef shape) const { return m_reading ? at::zeros(shape, at::kFloat) : at::Tensor(); }

    void read(const std::string &tensor, const std::vector<int64_t> &shape, const Checkpoint::Rows &rows)
    {
        if (m_reading) {
            m_checkpoint.read(tensor, rows, m_cancel);
            m_elements_read += m_checkpoint.tensors().at(tensor).count();
            if (m_progress)
                m_progress(double(m_elements_read) / double(m_elements));
            return;
        }
        const auto it = m_checkpoint.tensors().find(tensor);
        if (it == m_checkpoint.tensors().end())
            throw Error(m_checkpoint.name(), "lacks the tensor " + tensor);
        if (it->second.shape != shape)
            throw Error(it->second.file, "tensor " + tensor + " has the shape " + text(it->second.shape) + "; config.json asks for " + text(shape));
        if (!is_floating(it->second.dtype))
            throw Error(it->second.file, "tensor " + tensor + " holds " + patchbay::name(it->second.dtype) + ", not floating-point numbers");
        m_known.insert(tensor);
        m_elements += it->second.count();
    }
    void ignore(const std::string &tensor) { m_known.insert(tensor); }

    /// As it lies in the file.
    at::Tensor plain(const std::string &tensor, const std::vector<int64_t> &shape)
    {
        at::Tensor out = make(shape);
        const int64_t row_count = shape.size() > 1 ? shape[1] : 1;
        read(tensor, shape, [&](int64_t row, int64_t rows, const float *values) {
            std::memcpy(out.data_ptr<float>() + row * row_count, values, sizeof(float) * size_t(rows * row_count));
        });
        return out;
    }
    at::Tensor plain_or_zeros(bool present, const std::string &tensor, int64_t size)
    {
        return present ? plain(tensor, {size}) : zeros({size});
    }

    /// Rows [rows_total, columns] in groups of group_rows; group g becomes the transposed matrix that place(g) points at
    /// ([columns, group_rows], with the row stride of that matrix).
    template<class Place> void transposed(const std::string &tensor, int64_t rows_total, int64_t columns, int64_t group_rows, Place place)
    {
        read(tensor, {rows_total, columns}, [&](int64_t row, int64_t rows, const float *values) {
            for (int64_t i = 0; i < rows;) {
                const int64_t group = (row + i) / group_rows, inside = (row + i) % group_rows;
                const int64_t run = std::min(rows - i, group_rows - inside);
                transpose(values + i * columns, run, columns, place(group) + inside, group_rows);
                i += run;
            }
        });
    }
    /// A torch Linear weight [out, in] as [in, out].
    at::Tensor linear(const std::string &tensor, int64_t out_size, int64_t in_size)
    {
        at::Tensor out = make({in_size, out_size});
        transposed(tensor, out_size, in_size, out_size, [&](int64_t) { return out.data_ptr<float>(); });
        return out;
    }
    /// A torch Linear weight [n * d, in] as [n, in, d].
    at::Tensor heads(const std::string &tensor, int64_t n, int64_t d, int64_t in_size)
    {
        at::Tensor out = make({n, in_size, d});
        transposed(tensor, n * d, in_size, d, [&](int64_t head) { return out.data_ptr<float>() + head * in_size * d; });
        return out;
    }

    /// Whatever no one asked for, unless it is a buffer.
    void check_extra(const ModelConfig &config) const
    {
        std::string extra;
        int count = 0;
        for (const auto &[tensor, stored] : m_checkpoint.tensors())
            if (!m_known.contains(tensor) && !is_known_buffer(tensor) && !m_checkpoint.is_alias(tensor) && ++count <= 3)
                extra += (count > 1 ? ", " : "") + tensor;
        if (count > 0)
            throw Error(m_checkpoint.name(), "holds " + std::to_string(count) + (count == 1 ? " tensor" : " tensors") + " that this " + name(config.family)
                                                 + " configuration has no place for: " + extra + (count > 3 ? ", …" : ""));
    }

private:
    // [rows, columns] to [columns, rows] with the row stride `stride`, in blocks that fit the first-level cache.
    static void transpose(const float *from, int64_t rows, int64_t columns, float *to, int64_t stride)
    {
        constexpr int64_t kBlock = 16;
        for (int64_t c0 = 0; c0 < columns; c0 += kBlock)
            for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
                const int64_t r1 = std::min(rows, r0 + kBlock), c1 = std::min(columns, c0 + kBlock);
                for (int64_t c = c0; c < c1; ++c)
                    for (int64_t r = r0; r < r1; ++r)
                        to[c * stride + r] = from[r * columns + c];
            }
    }

    const Checkpoint &m_checkpoint;
    const std::function<void(double)> &m_progress;
    const CancelToken &m_cancel;
    bool m_reading = false;
    int64_t m_elements = 0, m_elements_read = 0;
    std::set<std::string> m_known;
};

void read_unembedding(Reader &reader, const ModelConfig &c, const std::string &tensor, Weights &w)
{
    if (c.tied_embedding) {
        reader.ignore(tensor); // the embedding is what a tied model computes with, whatever the file holds here
        if (w.W_E.defined())
            w.W_U = w.W_E.t().contiguous(); // [D, V]
    } else {
        w.W_U = reader.linear(tensor, c.d_vocab, c.d_model);
    }
    w.b_U = reader.zeros({c.d_vocab});
}

Weights read_neox(Reader &reader, const ModelConfig &c, bool attention_bias)
{
    const std::string prefix = reader.has("embed_in.weight") ? "" : "gpt_neox.";
    const int64_t D = c.d_model, H = c.n_heads, d = c.d_head;
    Weights w;
    w.W_E = reader.plain(prefix + "embed_in.weight", {c.d_vocab, D});
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string at = prefix + "layers." + std::to_string(layer) + ".";
        LayerWeights l;
        l.ln1_w = reader.plain(at + "input_layernorm.weight", {D});
        l.ln1_b = reader.plain(at + "input_layernorm.bias", {D});
        l.ln2_w = reader.plain(at + "post_attention_layernorm.weight", {D});
        l.ln2_b = reader.plain(at + "post_attention_layernorm.bias", {D});
        // Rows are [head, (q, k, v), d_head].
        at::Tensor *parts[] = {&l.W_Q, &l.W_K, &l.W_V};
        at::Tensor *biases[] = {&l.b_Q, &l.b_K, &l.b_V};
        for (int part = 0; part < 3; ++part) {
            *parts[part] = reader.make({H, D, d});
            *biases[part] = reader.zeros({H, d});
        }
        reader.transposed(at + "attention.query_key_value.weight", 3 * H * d, D, d,
                          [&](int64_t group) { return parts[group % 3]->data_ptr<float>() + group / 3 * D * d; });
        if (attention_bias)
            reader.read(at + "attention.query_key_value.bias", {3 * H * d}, [&](int64_t row, int64_t rows, const float *values) {
                for (int64_t i = 0; i < rows; ++i)
                    biases[(row + i) / d % 3]->data_ptr<float>()[(row + i) / (3 * d) * d + (row + i) % d] = values[i];
            });
        l.W_O = reader.linear(at + "attention.dense.weight", D, H * d);
        l.b_O = reader.plain_or_zeros(attention_bias, at + "attention.dense.bias", D);
        l.W_in = reader.linear(at + "mlp.dense_h_to_4h.weight", c.d_mlp, D);
        l.b_in = reader.plain(at + "mlp.dense_h_to_4h.bias", {c.d_mlp});
        l.W_out = reader.linear(at + "mlp.dense_4h_to_h.weight", D, c.d_mlp);
        l.b_out = reader.plain(at + "mlp.dense_4h_to_h.bias", {D});
        w.layers.push_back(std::move(l));
    }
    w.ln_final_w = reader.plain(prefix + "final_layer_norm.weight", {D});
    w.ln_final_b = reader.plain(prefix + "final_layer_norm.bias", {D});
    read_unembedding(reader, c, "embed_out.weight", w);
    return w;
}

Weights read_gpt2(Reader &reader, const ModelConfig &c)
{
    const std::string prefix = reader.has("wte.weight") ? "" : "transformer.";
    const int64_t D = c.d_model, H = c.n_heads, d = c.d_head;
    Weights w;
    w.W_E = reader.plain(prefix + "wte.weight", {c.d_vocab, D});
    w.W_pos = reader.plain(prefix + "wpe.weight", {c.n_ctx, D});
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string at = prefix + "h." + std::to_string(layer) + ".";
        LayerWeights l;
        l.ln1_w = reader.plain(at + "ln_1.weight", {D});
        l.ln1_b = reader.plain(at + "ln_1.bias", {D});
        l.ln2_w = reader.plain(at + "ln_2.weight", {D});
        l.ln2_b = reader.plain(at + "ln_2.bias", {D});
        // Conv1D: matrices are [in, out] already. Columns are [(q, k, v), head, d_head].
        at::Tensor *parts[] = {&l.W_Q, &l.W_K, &l.W_V};
        at::Tensor *biases[] = {&l.b_Q, &l.b_K, &l.b_V};
        for (int part = 0; part < 3; ++part) {
            *parts[part] = reader.make({H, D, d});
            *biases[part] = reader.make({H, d});
        }
        reader.read(at + "attn.c_attn.weight", {D, 3 * D}, [&](int64_t row, int64_t rows, const float *values) {
            for (int64_t i = 0; i < rows; ++i)
                for (int64_t group = 0; group < 3 * H; ++group, values += d)
                    std::memcpy(parts[group / H]->data_ptr<float>() + (group % H * D + row + i) * d, values, sizeof(float) * size_t(d));
        });
        reader.read(at + "attn.c_attn.bias", {3 * D}, [&](int64_t row, int64_t rows, const float *values) {
            for (int64_t i = row; i < row + rows; ++i)
                biases[i / D]->data_ptr<float>()[i % D] = values[i - row];
        });
        l.W_O = reader.plain(at + "attn.c_proj.weight", {D, D});
        l.b_O = reader.plain(at + "attn.c_proj.bias", {D});
        l.W_in = reader.plain(at + "mlp.c_fc.weight", {D, c.d_mlp});
        l.b_in = reader.plain(at + "mlp.c_fc.bias", {c.d_mlp});
        l.W_out = reader.plain(at + "mlp.c_proj.weight", {c.d_mlp, D});
        l.b_out = reader.plain(at + "mlp.c_proj.bias", {D});
        w.layers.push_back(std::move(l));
    }
    w.ln_final_w = reader.plain(prefix + "ln_f.weight", {D});
    w.ln_final_b = reader.plain(prefix + "ln_f.bias", {D});
    read_unembedding(reader, c, "lm_head.weight", w);
    return w;
}

Weights read_llama(Reader &reader, const ModelConfig &c, bool attention_bias)
{
    const std::string prefix = reader.has("embed_tokens.weight") ? "" : "model.";
    const int64_t D = c.d_model, H = c.n_heads, G = c.n_kv_heads, d = c.d_head;
    Weights w;
    w.W_E = reader.plain(prefix + "embed_tokens.weight", {c.d_vocab, D});
    const auto head_bias = [&](const std::string &tensor, int64_t n) {
        const at::Tensor flat = reader.plain_or_zeros(attention_bias, tensor, n * d);
        return flat.defined() ? flat.view({n, d}) : flat;
    };
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string at = prefix + "layers." + std::to_string(layer) + ".";
        LayerWeights l;
        l.ln1_w = reader.plain(at + "input_layernorm.weight", {D});
        l.ln2_w = reader.plain(at + "post_attention_layernorm.weight", {D});
        l.W_Q = reader.heads(at + "self_attn.q_proj.weight", H, d, D);
        l.W_K = reader.heads(at + "self_attn.k_proj.weight", G, d, D);
        l.W_V = reader.heads(at + "self_attn.v_proj.weight", G, d, D);
        l.b_Q = head_bias(at + "self_attn.q_proj.bias", H);
        l.b_K = head_bias(at + "self_attn.k_proj.bias", G);
        l.b_V = head_bias(at + "self_attn.v_proj.bias", G);
        l.W_O = reader.linear(at + "self_attn.o_proj.weight", D, H * d);
        l.b_O = reader.plain_or_zeros(attention_bias, at + "self_attn.o_proj.bias", D);
        l.W_gate = reader.linear(at + "mlp.gate_proj.weight", c.d_mlp, D);
        l.W_in = reader.linear(at + "mlp.up_proj.weight", c.d_mlp, D);
        l.b_in = reader.zeros({c.d_mlp});
        l.W_out = reader.linear(at + "mlp.down_proj.weight", D, c.d_mlp);
        l.b_out = reader.zeros({D});
        w.layers.push_back(std::move(l));
    }
    w.ln_final_w = reader.plain(prefix + "norm.weight", {D});
    read_unembedding(reader, c, "lm_head.weight", w);
    return w;
}

Weights read_family(Reader &reader, const ModelConfig &config, bool attention_bias)
{
    switch (config.family) {
    case Family::NeoX: return read_neox(reader, config, attention_bias);
    case Family::Gpt2: return read_gpt2(reader, config);
    case Family::Llama: return read_llama(reader, config, attention_bias);
    }
    throw Error("model", "unknown family");
}

} // namespace

bool is_known_buffer(const std::string &tensor)
{
    for (const char *end : {".attention.bias", ".attention.masked_bias", ".attn.bias", ".attn.masked_bias", "rotary_emb.inv_freq",
                            "rotary_emb.cos_cached", "rotary_emb.sin_cached"})
        if (tensor.ends_with(end))
            return true;
    return false;
}

Weights read_weights(const Checkpoint &checkpoint, const ModelConfig &config, bool attention_bias,
                     const std::function<void(double)> &progress, const CancelToken &cancel)
{
    for (const auto &[tensor, stored] : checkpoint.tensors())
        refuse_foreign_tensor(tensor, stored.file);
    Reader reader(checkpoint, progress, cancel);
    read_family(reader, config, attention_bias);
    reader.check_extra(config);
    reader.start_reading();
    Weights weights = read_family(reader, config, attention_bias);
    for (LayerWeights &layer : weights.layers)
        layer.W_O = layer.W_O.view({config.n_heads, config.d_head, config.d_model});
    return weights;
}

} // namespace patchbay
