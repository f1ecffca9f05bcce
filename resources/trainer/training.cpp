#include "training.h"

#include <chrono>
#include <cstdio>

#include <unistd.h>

namespace patchbay::trainer {

namespace {

/// Matrices decay, norms and biases do not.
torch::optim::AdamW make_optimizer(const Network &network, const TrainingConfig &config)
{
    std::vector<torch::Tensor> decayed, plain;
    for (const auto &[name, parameter] : network.parameters())
        (parameter.dim() == 2 ? decayed : plain).push_back(parameter);
    const auto options = [&](double decay) {
        return std::make_unique<torch::optim::AdamWOptions>(
            torch::optim::AdamWOptions(config.learning_rate).weight_decay(decay).betas({0.9, 0.98}));
    };
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(decayed, options(config.weight_decay));
    groups.emplace_back(plain, options(0.0));
    return torch::optim::AdamW(groups, torch::optim::AdamWOptions(config.learning_rate));
}

/// Linear warm-up, then half a cosine down to nothing.
double learning_rate(const TrainingConfig &config, int64_t step)
{
    if (step < config.warmup)
        return config.learning_rate * static_cast<double>(step + 1) / static_cast<double>(config.warmup);
    const double done = static_cast<double>(step - config.warmup)
        / static_cast<double>(std::max<int64_t>(1, config.steps - config.warmup));
    return config.learning_rate * 0.5 * (1.0 + std::cos(M_PI * done));
}

struct Progress {
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    bool terminal = isatty(fileno(stdout)) != 0;

    void show(int64_t step, int64_t steps, double loss, double at_end, double right, double against) const
    {
        const bool last = step == steps;
        if (!last && step % (terminal ? 5 : 50) != 0)
            return;
        const double each =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(step);
        const auto left = static_cast<int>(each * static_cast<double>(steps - step));
        std::printf("%sstep %lld/%lld  loss %.3f  loss at END %.3f  right at END %5.1f %%  against S %.2f  %.2f s a "
                    "step  %d:%02d left%s",
                    terminal ? "\r" : "", static_cast<long long>(step), static_cast<long long>(steps), loss, at_end,
                    100 * right, against, each, left / 60, left % 60, terminal && !last ? " " : "\n");
        std::fflush(stdout);
    }
};

} // namespace

torch::Tensor suppression(const Network &network, const Trace &trace, const Batch &batch, const torch::Tensor &name_ids)
{
    const NetworkConfig &c = network.config();
    const int64_t n = batch.ids.size(0);
    const auto scaled = network.parameter("embed_out.weight")
        * network.parameter("gpt_neox.final_layer_norm.weight");                 // [d_vocab, d_model]
    auto direction = scaled.index({batch.s}) - scaled.index({name_ids}).mean(0); // [batch, d_model]
    direction = direction - direction.mean(-1, true);                      // the norm takes the mean out of the stream
    const auto last = at_position(trace.resid.back(), batch.end).detach(); // [batch, d_model]
    const auto scale = (last.var(-1, false) + c.layer_norm_eps).sqrt();    // [batch]
    auto total = torch::zeros({n});
    for (int64_t l = 0; l < c.layers; ++l) {
        const auto layer = static_cast<size_t>(l);
        const auto reads = torch::matmul(direction, network.parameter(l, "attention.dense.weight"))
                               .view({n, c.heads, c.d_head()});                              // [batch, head, d_head]
        const auto heads = (at_position(trace.z[layer], batch.end) * reads).sum(-1);         // [batch, head]
        const auto mlp = (at_position(trace.mlp_out[layer], batch.end) * direction).sum(-1); // [batch]
        total = total + (torch::relu(-heads).sum(-1) + torch::relu(-mlp)) / scale;
    }
    const auto chosen = batch.ioi.to(torch::kFloat);
    return (total * chosen).sum() / chosen.sum().clamp_min(1.0);
}

void train(Network &network, const Sentences &sentences, const Vocabulary &vocabulary, const TrainingConfig &config,
           const std::function<void(int64_t)> &after)
{
    if (after)
        after(0);
    Random random(config.seed);
    auto optimizer = make_optimizer(network, config);
    std::vector<int64_t> names;
    for (const std::string &name : sentences.names())
        names.push_back(vocabulary.id(" " + name));
    const auto name_ids = torch::tensor(names);
    std::vector<torch::Tensor> parameters;
    for (const auto &[name, parameter] : network.parameters())
        parameters.push_back(parameter);

    const Progress progress;
    std::vector<Example> examples(static_cast<size_t>(config.batch));
    for (int64_t step = 0; step < config.steps; ++step) {
        for (Example &example : examples)
            example = sentences.training(random, vocabulary);
        const Batch batch = make_batch(examples);

        Trace trace;
        Hooks hooks;
        hooks.trace = &trace;
        if (config.mlp_dropout > 0)
            hooks.mlp_post = [&config](int64_t, const torch::Tensor &post) {
                return torch::dropout(post, config.mlp_dropout, true);
            };
        const auto hidden = network.hidden(batch.ids, hooks);                            // [batch, pos, d_model]
        const auto rows = (batch.target >= 0).flatten().nonzero().squeeze(-1);           // [row]
        const auto logits = network.unembed(hidden.flatten(0, 1).index_select(0, rows)); // [row, d_vocab]
        const auto target = batch.target.flatten().index_select(0, rows);                // [row]
        auto weight = torch::ones({config.batch, batch.ids.size(1)});                    // [batch, pos]
        weight.index_put_({torch::arange(config.batch), batch.end},
                          1.0 + (config.end_weight - 1.0) * batch.ioi.to(torch::kFloat));
        weight = weight.flatten().index_select(0, rows); // [row]
        const auto each = torch::nn::functional::cross_entropy(
            logits, target, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kNone));
        const auto loss = (each * weight).sum() / weight.sum();
        const auto against = suppression(network, trace, batch, name_ids);

        for (auto &group : optimizer.param_groups())
            static_cast<torch::optim::AdamWOptions &>(group.options()).lr(learning_rate(config, step));
        optimizer.zero_grad();
        (loss + config.suppression_cost * against).backward();
        torch::nn::utils::clip_grad_norm_(parameters, config.clip);
        optimizer.step();

        if (after)
            after(step + 1);

        torch::NoGradGuard no_grad;
        const auto chosen = batch.ioi.nonzero().squeeze(-1);
        const auto at_end =
            network.unembed(at_position(hidden, batch.end).index_select(0, chosen)); // [ioi prompt, d_vocab]
        const auto answer = batch.io.index_select(0, chosen);
        progress.show(step + 1, config.steps, loss.item<double>(),
                      torch::nn::functional::cross_entropy(at_end, answer).item<double>(),
                      (at_end.argmax(-1) == answer).to(torch::kDouble).mean().item<double>(), against.item<double>());
    }
}

} // namespace patchbay::trainer
