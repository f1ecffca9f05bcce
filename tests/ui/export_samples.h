// Results made up for tests of figures and files, which need no model, and what such tests share.
#pragma once

#include "patching/run_result.h"

#include <QCoreApplication>
#include <QFile>
#include <QProcess>
#include <QSettings>
#include <QStandardPaths>

#include <random>

namespace patchbay {

/// Settings that are neither the user's nor another test's.
inline void useOwnSettings(const QString &test)
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("patchbay"));
    QCoreApplication::setApplicationName(QStringLiteral("patchbay-") + test);
    QSettings().clear();
}

/// A finished sweep of 6 layers of 5 heads on 7 prompts, with seeded numbers.
inline RunResult sweep(const std::vector<std::string> &sites = {"z", "pattern"})
{
    constexpr int layers = 6, heads = 5, prompts = 7;
    std::mt19937 random(11);
    std::normal_distribution<float> normal(0, 1);
    RunResult result;
    ActPatch sweep;
    sweep.sites.clear();
    for (const std::string &site : sites)
        sweep.sites.push_back(parse_site(site));
    result.spec.method = sweep;
    result.version = "0.1.0";
    result.model_sha256 = "abc123";
    result.complete = true;
    Baseline &b = result.baseline;
    for (int p = 0; p < prompts; ++p) {
        b.clean.push_back(3 + 0.1f * normal(random));
        b.flipped.push_back(-3 + 0.1f * normal(random));
        b.clean_rank0.push_back(1);
        b.flipped_rank0.push_back(0);
    }
    for (int p = 0; p < prompts; ++p) {
        b.clean_mean += double(b.clean[size_t(p)]) / prompts;
        b.flipped_mean += double(b.flipped[size_t(p)]) / prompts;
    }
    b.accuracy_clean = b.rank0_clean = 1;
    for (const std::string &site : sites) {
        Grid grid;
        grid.name = "denoise." + site;
        grid.axes = {"layer", "head"};
        grid.shape = {layers, heads};
        grid.prompts = prompts;
        grid.state.assign(size_t(layers * heads), CellState::Exact);
        for (int i = 0; i < layers * heads * prompts; ++i)
            grid.per_prompt.push_back(-3 + normal(random));
        result.grids.push_back(std::move(grid));
    }
    return result;
}

inline RunResultPtr shared(RunResult result)
{
    return std::make_shared<const RunResult>(std::move(result));
}

inline QByteArray bytesOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("MISSING ") + path.toUtf8();
}

/// What the program prints: its output, or its errors where it is to fail.
inline QByteArray run(const QString &program, const QStringList &arguments, int expected = 0)
{
    QProcess process;
    process.start(program, arguments);
    if (!process.waitForFinished(120000) || process.exitCode() != expected)
        return "FAILED " + program.toUtf8() + " " + QByteArray::number(process.exitCode()) + ": "
            + process.readAllStandardError();
    return expected == 0 ? process.readAllStandardOutput() : process.readAllStandardError();
}

} // namespace patchbay
