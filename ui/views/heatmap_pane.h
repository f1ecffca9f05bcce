// The heatmap on view, following the runs store and the selection, with its prompt chooser, mask and context menu.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QMenu;
class QSlider;
class QToolButton;

namespace patchbay {

namespace widgets {
class HeatmapWidget;
}

class HeatmapPane : public QWidget {
    Q_OBJECT
public:
    explicit HeatmapPane(Explorer &explorer, QWidget *parent = nullptr);

    widgets::HeatmapWidget *heatmap() const { return m_heatmap; }
    /// What a click on "A − B" offers, while a difference is on view.
    void setDifferenceActions(const QList<QAction *> &actions);
    void setSumsVisible(bool visible);
    void setCellTextsVisible(bool visible);

Q_SIGNALS:
    void attentionRequested();
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);
    /// The user wants to fade by role, and no role is known yet.
    void rolesRequested();

private:
    QWidget *buildChooser();
    void refresh();
    void refreshCells(const ChangedCells &changed);
    widgets::HeatmapView shownView() const;
    void refreshChooser();
    void refreshRoles();
    void chooseRole();

    Explorer &m_explorer;
    widgets::HeatmapWidget *m_heatmap;
    QToolButton *m_mean = nullptr;
    QSlider *m_prompt = nullptr;
    QLabel *m_promptText = nullptr;
    QDoubleSpinBox *m_threshold = nullptr;
    QComboBox *m_role = nullptr;
    QToolButton *m_difference = nullptr;
};

} // namespace patchbay
