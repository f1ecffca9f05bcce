// What is on screen at a step of the notebook, compared with what the command line says of it.
#pragma once

#include "notebook_hands.h"

#include "analysis/roles.h"
#include "controllers/masks.h"
#include "view_models.h"
#include "views/attention_pane.h"
#include "views/mask_control.h"

#include <QFrame>
#include <QProcess>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace patchbay {

/// The window and the hand on it belong to whoever walks.
class NotebookComparison {
protected:
    static constexpr double kClose = 2e-3; // % of the gap, or of a copy score: other kernels round otherwise

    static double effect(const RunResult &result, const Grid &grid, int cell)
    {
        return normalised(grid, cell, result.baseline) * effect_unit(result.baseline).factor;
    }

    static QString dottedList(const QVector<widgets::HeadId> &heads, const QString &before = {})
    {
        QStringList list;
        for (const widgets::HeadId &head : heads)
            list << before + QString::fromStdString(dotted(fromHeadId(head)));
        return list.join(QLatin1Char(','));
    }

    // What the command line says to this.
    RunResult tool(const QString &command)
    {
        const QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("result.safetensors"));
        QProcess process;
        process.start(QStringLiteral(PATCHBAY_BINARY_DIR "/bin/patchbay-cli"),
                      command.split(QLatin1Char(' '))
                          + QStringList{QStringLiteral("--quiet"), QStringLiteral("--out"), file});
        if (!process.waitForFinished(300000) || process.exitCode() != 0)
            QTest::qFail(command.toUtf8() + ": " + process.readAllStandardError(), __FILE__, __LINE__);
        return QTest::currentTestFailed() ? RunResult{} : load_result(file.toStdString());
    }

    void await()
    {
        QTRY_VERIFY(m_fixture->idle() && m_fixture->shown()->finished());
        QVERIFY(m_fixture->shown()->state == RunState::Done);
    }

    void heatmapIs(const RunResult &result)
    {
        QVERIFY(m_window->heatmapPane().heatmap()->isVisible());
        QCOMPARE(size_t(heatmap().facets.size()), result.grids.size());
        for (size_t i = 0; i < result.grids.size(); ++i) {
            const Grid &grid = result.grids[i];
            const widgets::HeatmapFacet &facet = heatmap().facets[qsizetype(i)];
            if (result.grids.size() > 1)
                QCOMPARE(facet.title, facetTitle(grid.name));
            QCOMPARE(facet.rows * facet.columns, grid.cells());
            for (int cell = 0; cell < grid.cells(); ++cell) {
                const double shown = facet.values[grid.at(cell).layer * facet.columns + grid.at(cell).head];
                QVERIFY2(std::abs(shown - effect(result, grid, cell)) < kClose,
                         qPrintable(QStringLiteral("step %1, %2: %3, by the command line %4")
                                        .arg(m_row + 1)
                                        .arg(QString::fromStdString(to_json(m_fixture->shown()->spec).dump()))
                                        .arg(shown)
                                        .arg(effect(result, grid, cell))));
            }
        }
    }

    // By their values alone, the strongest first.
    static QVector<widgets::HeadId> strongest(const RunResult &result, int n, Sign sign)
    {
        const Grid &grid = result.grids.front();
        QVector<std::pair<double, widgets::HeadId>> all;
        for (int cell = 0; cell < grid.cells(); ++cell)
            all << std::pair{effect(result, grid, cell) * (sign == Sign::Negative ? 1 : -1),
                             widgets::HeadId{grid.at(cell).layer, grid.at(cell).head}};
        std::sort(all.begin(), all.end());
        QVector<widgets::HeadId> heads;
        for (const auto &[value, head] : all)
            if (heads.size() < n && value < 0)
                heads << head;
        return heads;
    }

    void barsAre(const RunResult &result, Sign sign)
    {
        const auto *bars = m_fixture->part<BarsPane>().findChild<widgets::BarsWidget *>();
        const QVector<widgets::HeadId> heads = strongest(result, 15, sign);
        const Grid &grid = result.grids.front();
        const auto shown = [&] {
            QVector<widgets::HeadId> all;
            for (const widgets::Bar &bar : bars->view().bars)
                all << bar.head;
            return all;
        };
        QTRY_COMPARE(shown(), heads);
        for (const widgets::Bar &bar : bars->view().bars)
            QVERIFY(std::abs(bar.value - effect(result, grid, grid.index(bar.head.layer, bar.head.head))) < kClose);
    }

    static QString attentionCommand(const QVector<widgets::HeadId> &heads, int prompt)
    {
        return QStringLiteral("analyse attention-patterns --heads %1 --prompt %2").arg(dottedList(heads)).arg(prompt);
    }

    // Prompts are counted from 1 in the window, from 0 in options.
    void attentionAt(int prompt, const QVector<widgets::HeadId> &heads)
    {
        m_hand->set(control<QSpinBox>(QStringLiteral("Prompt of the attention view")), prompt);
        const auto wanted = attentionViews(tool(attentionCommand(heads, prompt - 1)));
        const auto &shown = m_window->explorer().attention.views();
        QTRY_VERIFY(shown.size() == wanted.size() && m_window->explorer().attention.prompt() == prompt - 1
                    && shown.front().tokens == wanted.front().tokens);
        for (const widgets::AttentionView &view : wanted) {
            const auto same =
                std::find_if(shown.begin(), shown.end(), [&](const auto &other) { return other.head == view.head; });
            QVERIFY(same != shown.end());
            QCOMPARE(same->weights.size(), view.weights.size());
            for (qsizetype i = 0; i < view.weights.size(); ++i)
                QVERIFY(std::abs(same->weights[i] - view.weights[i]) < 1e-4);
        }
    }

    void maskedBy(const QString &quantity)
    {
        MaskControl *mask = m_window->heatmapPane().mask();
        m_hand->press(mask->button());
        QVERIFY(mask->panel()->isVisible());
        m_hand->choose(mask->quantity(), mask->quantity()->findData(quantity));
        m_hand->leave(mask->panel());
        QTRY_VERIFY(!mask->panel()->isVisible());
        const Array &scores = m_copies.arrays.at(quantity.toStdString());
        const int64_t heads = scores.shape[1], prompts = scores.count() / (scores.shape[0] * heads);
        QVector<widgets::HeadId> faded;
        for (int64_t cell = 0; cell < scores.shape[0] * heads; ++cell) {
            double sum = 0;
            for (int64_t p = 0; p < prompts; ++p)
                sum += scores.floats()[size_t(cell * prompts + p)];
            if (std::abs(sum / double(prompts)) < 75)
                faded << widgets::HeadId{int(cell / heads), int(cell % heads)};
        }
        const auto shown = [this] {
            QVector<widgets::HeadId> all = heatmap().masked;
            std::sort(all.begin(), all.end());
            return all;
        };
        QTRY_COMPARE(shown(), faded);
        QCOMPARE(m_fixture->shown()->id, m_directRun);
    }

    const widgets::HeatmapView &heatmap() const { return m_window->heatmapPane().heatmap()->view(); }
    const Place &place() const { return m_window->explorer().navigation.place(); }
    QVector<widgets::HeadId> movers() const
    {
        QVector<widgets::HeadId> heads = m_window->explorer().roles.headsWith(QString::fromUtf8(name_mover_role));
        std::sort(heads.begin(), heads.end());
        return heads;
    }
    QString shownView() const
    {
        return viewChoices(*m_fixture->shown()->result).at(m_window->heatmapPane().viewChoice()->currentIndex()).key;
    }
    template <class Control = QComboBox>
    Control *control(const QString &name) const
    {
        for (Control *one : m_window->findChildren<Control *>())
            if (one->accessibleName() == name)
                return one;
        qFatal("the window has no control %s", qPrintable(name));
    }
    QComboBox *sign() const { return control(QStringLiteral("Which sign")); }
    QToolButton *siteButton(const QString &site) const
    {
        for (QToolButton *one : m_window->controls().findChildren<QToolButton *>())
            if (one->text() == site)
                return one;
        qFatal("the toolbar has no %s", qPrintable(site));
    }

    WindowFixture *m_fixture = nullptr;
    MainWindow *m_window = nullptr;
    Hand *m_hand = nullptr;
    int m_row = 0;      ///< of the notebook's steps
    RunResult m_copies; ///< copy scores, by the command line
    int m_directRun = -1;
};

} // namespace patchbay
