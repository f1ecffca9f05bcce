// patchbay-cli try: a prompt, and if wanted its counterpart: tokens, likeliest next tokens, logit difference,
// attention.
#include "analysis/trial.h"
#include "base/amounts.h"
#include "base/json_field.h"
#include "command.h"
#include "interrupt.h"
#include "usage_error.h"
#include "workspace.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

struct Options {
    ModelOptions model;
    ResourceOptions resources;
    OutputOptions output;
    TrialQuestion question;
    std::string heads;
};

std::string padded(const std::string &text, size_t width)
{
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
    const auto characters = size_t(std::count_if(text.begin(), text.end(), [&](char c) { return !continues(c); }));
    return text + std::string(characters < width ? width - characters : 0, ' ');
}

/// Both prompts token by token; a star where they differ.
void say_tokens(const Trial &trial, Console &console)
{
    const std::vector<std::string> &clean = trial.clean.tokens;
    const std::vector<std::string> flipped = trial.flipped ? trial.flipped->tokens : std::vector<std::string>();
    size_t width = 5;
    for (const std::string &token : clean)
        width = std::max(width, in_quotes(token).size());
    console.say("position  " + padded("clean", width) + (trial.flipped ? "  flipped" : ""));
    for (size_t i = 0; i < std::max(clean.size(), flipped.size()); ++i) {
        const std::string a = i < clean.size() ? in_quotes(clean[i]) : "";
        const std::string b = i < flipped.size() ? in_quotes(flipped[i]) : "";
        console.say(padded(std::to_string(i), 8) + "  " + (trial.flipped ? padded(a, width) + "  " + b : a)
                    + (trial.flipped && a != b ? "  *" : ""));
    }
}

void say_next(const std::string &name, const TriedText &text, Console &console)
{
    if (!text.problem.empty()) {
        console.say("after the " + name + " prompt: nothing; " + text.problem);
        return;
    }
    console.say("after the " + name + " prompt");
    const auto row = [&](const NextToken &token) {
        console.say("  " + padded(std::to_string(token.rank), 4) + "  " + padded(in_quotes(token.text), 16) + "  "
                    + padded(number(100 * token.probability, 2) + " %", 9) + "  logit " + number(token.logit));
    };
    for (const NextToken &token : text.likeliest)
        row(token);
    for (const std::optional<NextToken> *token : {&text.answer, &text.wrong})
        if (*token && (*token)->rank >= int64_t(text.likeliest.size()))
            row(**token);
}

void say(const Trial &trial, Console &console)
{
    say_tokens(trial, console);
    say_next("clean", trial.clean, console);
    if (trial.flipped)
        say_next("flipped", *trial.flipped, console);
    if (const std::optional<double> clean = trial.clean.logit_diff()) {
        const auto found = [](bool it) { return it ? std::string(" (likeliest)") : std::string(); };
        console.say("logit difference " + in_quotes(trial.pair.answer) + found(trial.found_answer) + " - "
                    + in_quotes(trial.pair.wrong) + found(trial.found_wrong) + ": " + number(*clean) + " clean"
                    + (trial.flipped && trial.flipped->logit_diff()
                           ? ", " + number(*trial.flipped->logit_diff()) + " flipped"
                           : ""));
    }
    if (trial.flipped)
        console.say(trial.pair.problem.empty() ? "The pair can be run as it is."
                                               : "The pair cannot be run: " + trial.pair.problem);
}

} // namespace

Runner add_try(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    TrialQuestion &question = options->question;
    options->model.add(app);
    app.add_option("--clean", question.clean, "The prompt, without the answer")->required();
    app.add_option("--flipped", question.flipped, "Its counterpart");
    app.add_option("--answer", question.answer, "The right answer, such as ' Mary'; otherwise the likeliest token");
    app.add_option("--wrong", question.wrong,
                   "The wrong answer; otherwise the likeliest other token, after the flipped prompt if there is one");
    app.add_option("--likeliest", question.likeliest, "How many next tokens to list")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000000));
    app.add_option("--heads", options->heads, "Heads whose attention is written with --json, such as 9.6,9.9");
    add_bos(app, question.bos);
    options->resources.add(app);
    options->output.add(app, "");
    return [options] {
        Console console(options->output.json, options->output.quiet);
        TrialQuestion asked = options->question;
        asked.heads = option_value("--heads", [&] { return parse_heads(options->heads); });
        options->resources.apply();
        const auto model = load_model(options->model, console, false);
        const Trial trial = try_prompt(*model, asked, cancel_on_interrupt());
        console.end_progress();
        console.print(to_json(trial));
        say(trial, console);
        return 0;
    };
}

} // namespace patchbay::cli
