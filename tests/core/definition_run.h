// One run of the definition. For definition.cpp and definition_attention.cpp.
#pragma once

#include "definition.h"

#include <algorithm>
#include <cmath>

using namespace patchbay;

inline Doubles zeros(std::vector<int64_t> shape)
{
    Doubles out{std::move(shape), {}};
    out.values.assign(size_t(out.stride(0)), 0);
    return out;
}

// Letters as elsewhere: P prompts, T positions, H heads, G key/value heads, d d_head, D d_model, M d_mlp.
class DefinitionRun {
public:
    DefinitionRun(const Definition &model, const Tokens &tokens, const std::vector<Change> &changes, bool ungroup)
        : c(model.m_config), w(model.m_weights), m_tokens(tokens), m_changes(changes), m_ungroup(ungroup),
          P(tokens.prompts), T(tokens.width)
    {
    }

    Definition::Output run();

private:
    const double *weight(const std::string &name) const
    {
        const auto found = w.find(name);
        return found == w.end() ? nullptr : found->second.values.data();
    }
    std::string at(const std::string &suffix) const { return "blocks." + std::to_string(m_layer) + "." + suffix; }

    /// x [rows…, n] filled with f(row, i).
    template <typename F>
    static void each(Doubles &x, const F &f)
    {
        const int64_t n = x.shape.back(), rows = x.stride(0) / n;
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t i = 0; i < n; ++i)
                x.values[size_t(row * n + i)] = f(row, i);
    }
    static void add(Doubles &x, const Doubles &more)
    {
        for (size_t i = 0; i < x.values.size(); ++i)
            x.values[i] += more.values[i];
    }

    void change(const std::string &name, Doubles &x, bool per_query_head);
    void hook(const std::string &name, Doubles &x)
    {
        change(name, x, false);
        m_out.cache[name] = x;
    }
    bool changes(const std::string &name, bool per_query_head) const
    {
        return std::any_of(m_changes.begin(), m_changes.end(), [&](const Change &change) {
            return change.hook == name && change.per_query_head == per_query_head;
        });
    }
    /// Keys, values and their inputs: shared ones, then those of single query heads on copies.
    void kv_hook(const std::string &name, Doubles &x)
    {
        if (x.shape[2] == c.n_kv_heads)
            change(name, x, false);
        if (c.grouped() && x.shape[2] == c.n_kv_heads && (m_ungroup || changes(name, true)))
            x = copies(x);
        if (x.shape[2] == c.n_heads)
            change(name, x, true);
        m_out.cache[name] = x;
    }
    Doubles copies(const Doubles &x) const
    {
        Doubles out = zeros({P, T, c.n_heads, x.shape[3]});
        const int64_t group = c.n_heads / x.shape[2];
        each(out, [&](int64_t row, int64_t i) {
            return x.values[size_t((row / c.n_heads * x.shape[2] + row % c.n_heads / group) * x.shape[3] + i)];
        });
        return out;
    }

    /// One row of n numbers normed in place, without weights; its scale.
    double norm_row(double *x, int64_t n, Norm kind, double given_scale = 0) const
    {
        double mean = 0, square = 0;
        for (int64_t i = 0; i < n && kind == Norm::LayerNorm; ++i)
            mean += x[i] / double(n);
        for (int64_t i = 0; i < n; ++i)
            square += (x[i] - mean) * (x[i] - mean) / double(n);
        const double scale = given_scale != 0 ? given_scale : std::sqrt(square + c.eps);
        for (int64_t i = 0; i < n; ++i)
            x[i] = (x[i] - mean) / scale;
        return scale;
    }

    /// hooks: false for inputs of single heads, whose norms are not shown.
    Doubles norm(const std::string &prefix, Doubles x, bool hooks, Norm kind);
    Doubles norm(const std::string &prefix, Doubles x, bool hooks) { return norm(prefix, std::move(x), hooks, c.norm); }

    /// y [m] = x [n] W [n, m] + b.
    static void product_row(const double *x, int64_t n, const double *W, const double *b, int64_t m, double *y)
    {
        for (int64_t j = 0; j < m; ++j)
            y[j] = b ? b[j] : 0;
        for (int64_t i = 0; i < n; ++i)
            for (int64_t j = 0; j < m; ++j)
                y[j] += x[i] * W[i * m + j];
    }
    /// x [.., n] W [n, m] + b.
    Doubles product(const Doubles &x, const std::string &W, const std::string &b) const
    {
        const int64_t n = x.shape.back(), m = w.at(W).shape.back();
        std::vector<int64_t> shape = x.shape;
        shape.back() = m;
        Doubles out = zeros(shape);
        const double *weights = weight(W), *bias = b.empty() ? nullptr : weight(b);
        for (int64_t row = 0; row < x.stride(0) / n; ++row)
            product_row(x.values.data() + row * n, n, weights, bias, m, out.values.data() + row * m);
        return out;
    }

    Doubles mlp(Doubles x);

    // definition_attention.cpp
    Doubles projected(char part, const Doubles &stream, const Doubles &shared, const Doubles *attn_in);
    void qk_norm(Doubles &x, const std::string &prefix, bool keys);
    void rotate(Doubles &x) const;
    double slope(int64_t head) const;
    Doubles attention(const Doubles &stream);

    const ModelConfig &c;
    const std::map<std::string, Doubles> &w;
    const Tokens &m_tokens;
    const std::vector<Change> &m_changes;
    const bool m_ungroup;
    const int64_t P, T;
    int m_layer = 0;
    Definition::Output m_out;
};
