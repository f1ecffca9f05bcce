// The run on view in the centre: its heatmap or what else it is looked at as, with the prompt chooser and the mask.
#pragma once

#include "controllers/explorer.h"
#include "view_models.h"
#include "views/range_panel.h"

#include <QWidget>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QMenu;
class QSlider;
class QStackedWidget;
class QToolButton;

namespace patchbay {

namespace widgets {
class HeatmapWidget;
}

class CurvePane;
class EdgeMatrixPane;
class EdgesPane;
class MaskControl;
class ResultViews;

class HeatmapPane : public QWidget {
    Q_OBJECT
public:
    explicit HeatmapPane(Explorer &explorer, QWidget *parent = nullptr);

    widgets::HeatmapWidget *heatmap() const { return m_heatmap; }
    /// The other views of a result: tables, bars of layers, scatters, attention.
    ResultViews *others() const { return m_others; }
    /// The views of results about edges.
    EdgesPane *edges() const { return m_edges; }
    EdgeMatrixPane *edgeMatrix() const { return m_edgeMatrix; }
    CurvePane *curve() const { return m_curve; }
    /// The page that is on view.
    QWidget *page() const;
    QComboBox *viewChoice() const { return m_view; }
    /// The mark of the run's controls: quiet, or loud where one failed.
    QLabel *controlsMark() const { return m_controls; }
    MaskControl *mask() const { return m_mask; }
    RangePanel *rangePanel() const { return m_rangePanel; }
    const ColourRange &range() const { return m_range; }
    void setRange(const ColourRange &range);
    /// What a click on "A − B" offers, while a difference is on view.
    void setDifferenceActions(const QList<QAction *> &actions);
    void setSumsVisible(bool visible);
    void setCellTextsVisible(bool visible);

Q_SIGNALS:
    void attentionRequested();
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);
    /// The user wants to mask by role, and no role is known yet.
    void rolesRequested();
    /// The user wants to mask by a quantity that this analysis finds.
    void analysisRequested(const QString &name);

private:
    QWidget *buildChooser();
    void refresh();
    void refreshCells(const ChangedCells &changed);
    widgets::HeatmapView shownView() const;
    void refreshChooser();
    void refreshViews();
    void refreshControls();

    Explorer &m_explorer;
    widgets::HeatmapWidget *m_heatmap;
    ResultViews *m_others;
    EdgesPane *m_edges;
    EdgeMatrixPane *m_edgeMatrix;
    CurvePane *m_curve;
    QStackedWidget *m_stack;
    QComboBox *m_view = nullptr;
    QVector<ViewChoice> m_choices; ///< of the run on view
    QToolButton *m_mean = nullptr;
    QSlider *m_prompt = nullptr;
    QLabel *m_promptText = nullptr, *m_controls = nullptr;
    MaskControl *m_mask = nullptr;
    RangePanel *m_rangePanel = nullptr;
    ColourRange m_range;
    int m_rangeRun = -1; ///< the run that an unlocked range is of
    QToolButton *m_difference = nullptr;
};

} // namespace patchbay
