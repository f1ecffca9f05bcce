// A recipe's folder as it is read back: what was done, what came out, and the results beside it.
#pragma once

#include "patching/run_result.h"

#include <nlohmann/json.hpp>

#include <QString>

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

struct ReportStep {
    std::string id, kind, state;
    QString title, note, message, caption;
    QString file;        ///< of its result, beside recipe.json; empty: it has none
    nlohmann::json body; ///< the step as the recipe writes it
    nlohmann::json view; ///< "heatmap", {"kind": "masked-heatmap", "of": id}; null: nothing to draw
    double seconds = 0;
    RunResultPtr result; ///< null: nothing came out
    bool done() const { return state == "done"; }
};

/// What somebody wrote about it.
struct ReportNote {
    QString about, text; ///< "L9H6", "Run: …"
};

struct ReportSource {
    QString title, description, model, sha256, version;
    QString commit; ///< of the Hugging Face hub; empty: none known
    nlohmann::json task;
    int prompts = 0;
    std::vector<ReportStep> steps;
    std::vector<ReportNote> notes; ///< of notes.json, where that is beside it

    const ReportStep *step(const std::string &id) const;
};

/// Reads recipe.json and the result files that it names. Throws Error naming file and cause.
ReportSource readReportSource(const std::filesystem::path &folder);

/// Writes notes.json beside recipe.json; without notes there is none. Throws Error.
void writeReportNotes(const std::filesystem::path &folder, const std::vector<ReportNote> &notes);

/// Numbers as print has them: "-5.5" with a minus sign.
QString typographic(QString text);

} // namespace patchbay
