#include "model/detail/read_weights.h"

#include "base/error.h"
#include "model/detail/foreign_checkpoint.h"

#include <algorithm>
#include <cstring>
#include <optional>
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

    at::Tensor make(at::IntArrayRef shape, at::ScalarType type = at::kFloat) const
    {
        return m_reading ? at::empty(shape, type) : at::Tensor();
    }
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
            throw Error(it->second.file,
                        "tensor " + tensor + " has the shape " + text(it->second.shape) + "; config.json asks for "
                            + text(shape));
        if (!is_floating(it->second.dtype))
            throw Error(it->second.file,
                        "tensor " + tensor + " holds " + patchbay::name(it->second.dtype)
                            + ", not floating-point numbers");
        m_known.insert(tensor);
        m_elements += it->second.count();
    }
    void ignore(const std::string &tensor) { m_known.insert(tensor); }

    /// As it lies in the file.
    at::Tensor plain(const std::string &tensor, const std::vector<int64_t> &shape, at::ScalarType type = at::kFloat)
    {
        at::Tensor out = make(shape, type);
        const int64_t row_count = shape.size() > 1 ? shape[1] : 1;
        read(tensor, shape, [&](int64_t row, int64_t rows, const float *values) {
            out.view({-1, row_count})
                .narrow(0, row, rows)
                .copy_(at::from_blob(const_cast<float *>(values), {rows, row_count}, at::kFloat));
        });
        return out;
    }

    /// Rows [rows_total, columns] in groups of group_rows; group g becomes the transposed matrix that place(g) points
    /// at
    /// ([columns, group_rows], with the row stride of that matrix).
    template <class Place>
    void transposed(const std::string &tensor, int64_t rows_total, int64_t columns, int64_t group_rows, Place place)
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
    /// The outputs of a product with x [in_size], heads side by side, each to its own place: units[i] is where the i-th
    /// d of them go, a matrix [in_size, d].
    void heads(const std::string &tensor, bool linear, const std::vector<float *> &units, int64_t d, int64_t in_size)
    {
        const int64_t outputs = int64_t(units.size()) * d;
        if (linear) {
            transposed(tensor, outputs, in_size, d, [&](int64_t unit) { return units[size_t(unit)]; });
            return;
        }
        read(tensor, {in_size, outputs}, [&](int64_t row, int64_t rows, const float *values) {
            for (int64_t i = row; i < row + rows; ++i)
                for (float *unit : units) {
                    std::memcpy(unit + i * d, values, sizeof(float) * size_t(d));
                    values += d;
                }
        });
    }
    /// Their biases: units[i] is a row [d].
    void head_biases(const std::string &tensor, const std::vector<float *> &units, int64_t d)
    {
        read(tensor, {int64_t(units.size()) * d}, [&](int64_t row, int64_t rows, const float *values) {
            for (int64_t i = row; i < row + rows; ++i)
                units[size_t(i / d)][i % d] = values[i - row];
        });
    }

    /// Whatever no one asked for, unless it is a buffer.
    void check_extra(const ModelConfig &config) const
    {
        std::string extra;
        int count = 0;
        for (const auto &[tensor, stored] : m_checkpoint.tensors())
            if (!m_known.contains(tensor) && !is_buffer(config.family, tensor) && !m_checkpoint.is_alias(tensor)
                && ++count <= 3)
                extra += (count > 1 ? ", " : "") + tensor;
        if (count > 0)
            throw Error(m_checkpoint.name(),
                        "holds " + std::to_string(count) + (count == 1 ? " tensor" : " tensors") + " that this "
                            + config.family + " configuration has no place for: " + extra + (count > 3 ? ", …" : ""));
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

/// Where a family's tensor goes, and the shape that it has there.
struct Place {
    at::Tensor *tensor;
    std::vector<int64_t> shape;
};

Place place_of(Weight weight, const ModelConfig &c, Weights &w, LayerWeights &l)
{
    const int64_t D = c.d_model, H = c.n_heads, G = c.n_kv_heads, d = c.d_head, M = c.d_mlp;
    switch (weight) {
    case Weight::W_E:
        return {&w.W_E, {c.d_vocab, D}};
    case Weight::W_pos:
        return {&w.W_pos, {c.n_ctx, D}};
    case Weight::ln_final_w:
        return {&w.ln_final_w, {D}};
    case Weight::ln_final_b:
        return {&w.ln_final_b, {D}};
    case Weight::W_U:
        return {&w.W_U, {D, c.d_vocab}};
    case Weight::b_U:
        return {&w.b_U, {c.d_vocab}};
    case Weight::ln1_w:
        return {&l.ln1_w, {D}};
    case Weight::ln1_b:
        return {&l.ln1_b, {D}};
    case Weight::ln2_w:
        return {&l.ln2_w, {D}};
    case Weight::ln2_b:
        return {&l.ln2_b, {D}};
    case Weight::ln1_post_w:
        return {&l.ln1_post_w, {D}};
    case Weight::ln1_post_b:
        return {&l.ln1_post_b, {D}};
    case Weight::ln2_post_w:
        return {&l.ln2_post_w, {D}};
    case Weight::ln2_post_b:
        return {&l.ln2_post_b, {D}};
    case Weight::q_norm:
        return {&l.q_norm, {H, d}};
    case Weight::k_norm:
        return {&l.k_norm, {G, d}};
    case Weight::W_Q:
        return {&l.W_Q, {H, D, d}};
    case Weight::W_K:
        return {&l.W_K, {G, D, d}};
    case Weight::W_V:
        return {&l.W_V, {G, D, d}};
    case Weight::b_Q:
        return {&l.b_Q, {H, d}};
    case Weight::b_K:
        return {&l.b_K, {G, d}};
    case Weight::b_V:
        return {&l.b_V, {G, d}};
    case Weight::W_O:
        return {&l.W_O, {H * d, D}};
    case Weight::b_O:
        return {&l.b_O, {D}};
    case Weight::W_in:
        return {&l.W_in, {D, M}};
    case Weight::W_gate:
        return {&l.W_gate, {D, M}};
    case Weight::b_in:
        return {&l.b_in, {M}};
    case Weight::W_out:
        return {&l.W_out, {M, D}};
    case Weight::b_out:
        return {&l.b_out, {D}};
    case Weight::W_qkv:
    case Weight::b_qkv:
        break;
    }
    throw Error("model", "queries, keys and values have three places");
}

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
void read_heads(Reader &reader, const ModelConfig &c, const FamilyTensor &from, const std::string &tensor, Weights &w,
                LayerWeights &l)
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
        if (c.grouped())
            throw Error(tensor, "queries, keys and values lie head by head, which needs as many of each");
        for (size_t head = 0; head < parts[0].size(); ++head)
            for (const auto &part : parts)
                units.push_back(part[head]);
    } else {
        for (const auto &part : parts)
            units.insert(units.end(), part.begin(), part.end());
    }
    if (matrices)
        reader.heads(tensor, from.layout == Layout::Linear || from.layout == Layout::LinearByHead, units, d, c.d_model);
    else
        reader.head_biases(tensor, units, d);
}

void read_tensor(Reader &reader, const ModelConfig &c, const FamilyTensor &from, const std::string &tensor, Weights &w,
                 LayerWeights &l)
{
    switch (from.weight) {
    case Weight::W_Q:
    case Weight::W_K:
    case Weight::W_V:
    case Weight::W_qkv:
    case Weight::b_Q:
    case Weight::b_K:
    case Weight::b_V:
    case Weight::b_qkv:
    case Weight::q_norm:
    case Weight::k_norm:
        if (from.layout != Layout::ForAllHeads) {
            read_heads(reader, c, from, tensor, w, l);
            return;
        }
        break;
    default:
        break;
    }
    const Place place = place_of(from.weight, c, w, l);
    if (from.layout == Layout::ForAllHeads) {
        const at::Tensor one = reader.plain(tensor, {c.d_head});
        if (one.defined())
            *place.tensor = one.unsqueeze(0).repeat({place.shape[0], 1});
    } else if (from.layout == Layout::Linear) {
        *place.tensor = reader.linear(tensor, place.shape[1], place.shape[0]);
    } else {
        *place.tensor = reader.plain(tensor, place.shape);
    }
}

/// Biases that the family has not.
void add_zeros(const Reader &reader, const ModelConfig &c, Weights &w, LayerWeights &l,
               std::initializer_list<Weight> biases)
{
    for (const Weight bias : biases)
        if (const Place place = place_of(bias, c, w, l); !place.tensor->defined())
            *place.tensor = reader.zeros(place.shape);
}

/// Rows of the embedding or the unembedding, [V, D], where they are kept as the file has them.
bool read_rows(Reader &reader, const ModelConfig &c, const FamilyTensor &from, const std::string &tensor, Weights &w)
{
    if (!w.stored() || (from.weight != Weight::W_E && from.weight != Weight::W_U))
        return false;
    if (from.layout != (from.weight == Weight::W_E ? Layout::Plain : Layout::Linear))
        throw Error(tensor, "lies otherwise than rows of a token each, so it cannot be kept in 16 bits");
    (from.weight == Weight::W_E ? w.W_E : w.unembed.rows) = reader.plain(tensor, {c.d_vocab, c.d_model}, w.kept);
    return true;
}

void keep(LayerWeights &l, at::ScalarType type)
{
    for (at::Tensor *matrix : {&l.W_Q, &l.W_K, &l.W_V, &l.W_O, &l.W_in, &l.W_gate, &l.W_out})
        if (matrix->defined())
            *matrix = matrix->to(type);
}

at::ScalarType scalar_type(DType kept)
{
    return kept == DType::F16 ? at::kHalf : kept == DType::BF16 ? at::kBFloat16 : at::kFloat;
}

Weights read_all(Reader &reader, const ModelConfig &c, const FamilyTensors &family, DType kept)
{
    const std::string prefix = reader.has(family.stream.front().name) ? "" : family.prefix;
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
        add_zeros(reader, c, w, l, {Weight::b_Q, Weight::b_K, Weight::b_V, Weight::b_O, Weight::b_in, Weight::b_out});
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
    if (c.tied_embedding && w.W_E.defined()) {
        if (w.stored())
            w.unembed.rows = w.W_E;
        else
            w.W_U = w.W_E.t().contiguous(); // [D, V]
    }
    add_zeros(reader, c, w, none, {Weight::b_U});
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
    Reader reader(checkpoint, progress, cancel);
    read_all(reader, config, family, kept);
    reader.check_extra(config);
    reader.start_reading();
    return read_all(reader, config, family, kept);
}

} // namespace patchbay
