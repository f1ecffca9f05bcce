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

/// Both prompts token by token; a star where they differ.
void say_tokens(const Trial &trial, Console &console)
{
    const std::vector<std::string> &clean = trial.clean.tokens;
    const std::vector<std::string> flipped = trial.flipped ? trial.flipped->tokens : std::vector<std::string>();
    std::vector<std::vector<std::string>> rows{{"position", "clean"}};
    if (trial.flipped)
        rows.back().push_back("flipped");
    for (size_t i = 0; i < std::max(clean.size(), flipped.size()); ++i) {
        rows.push_back({std::to_string(i), i < clean.size() ? in_quotes(clean[i]) : ""});
        if (!trial.flipped)
            continue;
        const std::string other = i < flipped.size() ? in_quotes(flipped[i]) : "";
        rows.back().push_back(other + (other == rows.back().back() ? "" : "  *"));
    }
    for (const std::string &line : aligned(rows))
        console.say(line);
}

void say_next(const std::string &name, const TriedText &text, Console &console)
{
    if (!text.problem.empty()) {
        console.say("after the " + name + " prompt: nothing; " + text.problem);
        return;
    }
    console.say("after the " + name + " prompt");
    std::vector<std::vector<std::string>> rows;
    const auto add = [&](const NextToken &token) {
        rows.push_back({"  " + std::to_string(token.rank), in_quotes(token.text),
                        number(100 * token.probability, 2) + " %", "logit " + number(token.logit)});
    };
    for (const NextToken &token : text.likeliest)
        add(token);
    for (const std::optional<NextToken> *token : {&text.answer, &text.wrong})
        if (*token && (*token)->rank >= int64_t(text.likeliest.size()))
            add(**token);
    for (const std::string &line : aligned(rows))
        console.say(line);
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
