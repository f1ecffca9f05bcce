// Comparing with the golden files beside the sources, for tests.
#pragma once

#include "base/array.h"
#include "base/error.h"
#include "io/array_files.h"
#include "model/hooked_transformer.h"

#include <QString>
#include <QTest>

#include <cmath>

namespace golden {

inline const char *const kModels[] = {"gpt2-4x4", "llama-gqa-4x8", "neox-12x4", "neox-3x4", "neox-serial-3x4"};

inline std::filesystem::path fixtures()
{
    return PATCHBAY_SOURCE_DIR "/../shared/fixtures";
}
inline bool absent()
{
    return !std::filesystem::exists(fixtures() / "golden");
}
inline const char *const kAbsent = "../shared/fixtures is not there: these golden files are not part of the sources";

inline std::filesystem::path model(const QString &name)
{
    return fixtures() / "models" / name.toStdString();
}
inline patchbay::ArrayMap file(const QString &name, const char *what)
{
    return patchbay::read_arrays(fixtures() / "golden" / name.toStdString() / (std::string(what) + ".safetensors"))
        .arrays;
}

/// Empty when every element of actual is within 5e-5 + 1e-4 |expected|; otherwise what is wrong, and where.
inline QString difference(const patchbay::Array &actual, const patchbay::Array &expected)
{
    if (actual.shape != expected.shape)
        return QStringLiteral("the shapes differ");
    double worst = 0;
    for (size_t i = 0; i < expected.floats().size(); ++i) {
        const double a = actual.floats()[i], e = expected.floats()[i];
        if (a == e) // infinities too
            continue;
        const double excess = std::abs(a - e) / (5e-5 + 1e-4 * std::abs(e));
        if (!(excess <= 1))
            return QStringLiteral("element %1 is %2, expected %3").arg(i).arg(a, 0, 'g', 9).arg(e, 0, 'g', 9);
        worst = std::max(worst, excess);
    }
    return {};
}

/// Some rows of a batch's prompts as tokens.
inline patchbay::Tokens tokens(const patchbay::ArrayMap &batch, const char *which,
                               const std::vector<int64_t> &rows = {})
{
    const patchbay::Array &ids = batch.at(which);
    patchbay::Tokens out{int(ids.shape[0]), int(ids.shape[1]), ids.ints()};
    if (!rows.empty()) {
        out.ids.clear();
        out.prompts = int(rows.size());
        for (const int64_t row : rows)
            out.ids.insert(out.ids.end(), ids.ints().begin() + row * out.width,
                           ids.ints().begin() + (row + 1) * out.width);
    }
    return out;
}

/// One row a model, for the _data function of a test.
inline void models_as_rows()
{
    QTest::addColumn<QString>("model");
    for (const char *name : kModels)
        QTest::newRow(name) << name;
}

} // namespace golden
