// Under the heatmap: the step of the series that is on view, moved by a slider, keys or by itself.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

class QLabel;
class QSlider;
class QTimer;
class QToolButton;

namespace patchbay {

class Scrubber : public QWidget {
    Q_OBJECT
public:
    explicit Scrubber(Explorer &explorer, QWidget *parent = nullptr);

    QSlider *slider() const { return m_slider; }
    QToolButton *play() const { return m_play; }
    QString text() const;

protected:
    void changeEvent(QEvent *event) override;

private:
    void refreshIcon();
    void refresh();
    void setPlaying(bool playing);

    Explorer &m_explorer;
    QToolButton *m_play;
    QSlider *m_slider;
    QLabel *m_text;
    QTimer *m_timer;
};

} // namespace patchbay
