// The series as a whole: heads over the steps, small heatmaps, when heads appear, how alike the steps are, roles.
#pragma once

#include "controllers/explorer.h"
#include "export/figure_subject.h"

#include <QWidget>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;
class QStackedWidget;
class QToolButton;

namespace patchbay {

namespace widgets {
class HeatmapWidget;
class LinesWidget;
class ScatterWidget;
} // namespace widgets

class SeriesPane : public QWidget {
    Q_OBJECT
public:
    enum class Look { Heads, Heatmaps, TwoSteps, FirstSteps, Likeness, Roles };
    explicit SeriesPane(Explorer &explorer, QWidget *parent = nullptr);

    void setLook(Look look);
    Look look() const;
    widgets::LinesWidget *baseline() const { return m_baseline; }
    widgets::LinesWidget *lines() const { return m_lines; }
    widgets::HeatmapWidget *heatmap() const { return m_heatmap; }
    widgets::HeatmapWidget *twoSteps() const { return m_twoSteps; }
    widgets::ScatterWidget *scatter() const { return m_scatter; }
    QToolButton *logarithmic() const { return m_log; }
    QToolButton *raw() const { return m_raw; }
    /// What is shown, as panels of a figure; empty: nothing to export.
    std::vector<FigureSubject> subjects() const;

Q_SIGNALS:
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);
    void attentionRequested();
    /// The model of the step on view shall be opened, with the step's own task where it has one.
    void modelRequested(const QString &model, const std::optional<patchbay::TaskRef> &task);

private:
    QWidget *buildOptions();
    void refresh();
    void refreshOptions();
    void refreshViews();
    void followStep();
    void sayStep();
    void askAgain();
    QString note() const;

    Explorer &m_explorer;
    QComboBox *m_look, *m_part, *m_quantity, *m_reference;
    QToolButton *m_log, *m_raw;
    QDoubleSpinBox *m_threshold;
    QSpinBox *m_top;
    QLabel *m_note;
    QPushButton *m_open;
    QStackedWidget *m_stack;
    QWidget *m_plots, *m_pair;
    widgets::LinesWidget *m_baseline, *m_lines;
    widgets::HeatmapWidget *m_heatmap, *m_twoSteps;
    widgets::ScatterWidget *m_scatter;
    QString m_folder; ///< of the series that is shown
};

} // namespace patchbay
