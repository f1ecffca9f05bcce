// The heatmap on view, following the runs store and the selection, with its prompt chooser, mask and context menu.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

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
    /// Actions that the context menu shows for the head under the pointer: the window's own.
    void setContextActions(const QList<QAction *> &actions);
    void setSumsVisible(bool visible);
    void setCellTextsVisible(bool visible);

Q_SIGNALS:
    void attentionRequested();

private:
    QWidget *buildChooser();
    void refresh();
    void refreshChooser();
    void showMenu(widgets::HeadId head, const QPoint &at);

    Explorer &m_explorer;
    widgets::HeatmapWidget *m_heatmap;
    QToolButton *m_mean = nullptr;
    QSlider *m_prompt = nullptr;
    QLabel *m_promptText = nullptr;
    QDoubleSpinBox *m_threshold = nullptr;
    QList<QAction *> m_contextActions;
};

} // namespace patchbay
