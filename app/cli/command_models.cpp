// patchbay-cli models: what the Hugging Face cache holds.
#include "base/plain_text.h"
#include "command.h"
#include "console.h"
#include "hub/listing.h"
#include "interrupt.h"
#include "options.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

nlohmann::ordered_json as_json(const CacheListing &listing)
{
    nlohmann::ordered_json models = nlohmann::ordered_json::array();
    for (const CachedModel &model : listing.models) {
        nlohmann::ordered_json snapshots = nlohmann::ordered_json::array();
        for (const CachedSnapshot &one : model.snapshots)
            snapshots.push_back({{"commit", one.commit},
                                 {"revisions", one.revisions},
                                 {"reference", one.reference},
                                 {"path", one.folder.string()},
                                 {"family", one.family},
                                 {"bytes", one.bytes},
                                 {"opens", one.problem.empty()},
                                 {"problem", one.problem}});
        models.push_back({{"name", model.name},
                          {"bytes", model.bytes},
                          {"problem", model.problem},
                          {"snapshots", std::move(snapshots)}});
    }
    return {{"cache", listing.folder.string()}, {"models", std::move(models)}};
}

/// Rows under each other; what a row says last, of itself, is indented below it.
void print_rows(const std::vector<std::vector<std::string>> &rows, Console &console)
{
    std::vector<std::vector<std::string>> columns;
    for (const auto &row : rows)
        columns.emplace_back(row.begin(), row.end() - 1);
    const std::vector<std::string> lines = aligned(columns, 3);
    for (size_t i = 0; i < rows.size(); ++i) {
        console.say(lines[i].substr(0, lines[i].find_last_not_of(' ') + 1));
        if (!rows[i].back().empty())
            console.say("    cannot be opened: " + rows[i].back());
    }
}

void as_text(const CacheListing &listing, Console &console)
{
    if (listing.models.empty())
        console.say("there are no models in the Hugging Face cache " + listing.folder.string());
    std::vector<std::vector<std::string>> rows; // what opens it, family, size, other revisions, problem
    for (const CachedModel &model : listing.models) {
        if (model.snapshots.empty())
            rows.push_back({model.name, "", size_text(model.bytes), "", model.problem});
        for (const CachedSnapshot &one : model.snapshots) {
            std::string others;
            for (size_t i = 1; i < one.revisions.size(); ++i)
                others += (i == 1 ? "also " : ", ") + one.revisions[i];
            rows.push_back({one.reference, family_title(one.family), size_text(one.bytes), others, one.problem});
        }
    }
    print_rows(rows, console);
}

} // namespace

Runner add_models(CLI::App &app)
{
    const auto output = std::make_shared<OutputOptions>();
    output->add(app, "");
    app.footer("The cache is the folder HF_HUB_CACHE, or hub in HF_HOME (~/.cache/huggingface). Each line begins with "
               "what --model takes.");
    return [output] {
        Console console(output->json, output->quiet);
        const CacheListing listing = list_cache(cancel_on_interrupt());
        console.print(as_json(listing));
        as_text(listing, console);
        return 0;
    };
}

} // namespace patchbay::cli
