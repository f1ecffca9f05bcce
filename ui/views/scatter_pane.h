// One grid against another, one point a head: attention against output, or any two runs.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

#include <optional>
#include <utility>

class QComboBox;
class QTimer;
class QToolButton;

namespace patchbay {

namespace widgets {
class ScatterWidget;
}

class ScatterPane : public QWidget {
    Q_OBJECT
public:
    explicit ScatterPane(Explorer &explorer, QWidget *parent = nullptr);
    widgets::ScatterWidget *scatter() const { return m_scatter; }
    /// A grid of a run in the store.
    struct Axis {
        int run = -1;
        std::string grid;
        bool operator==(const Axis &) const = default;
    };
    /// x and y where the user chose them.
    std::optional<std::pair<Axis, Axis>> chosenAxes() const;
    void chooseAxes(const Axis &x, const Axis &y);

Q_SIGNALS:
    void axesChosen();
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);
    void attentionRequested();

private:
    void refresh();
    void refreshAxes();
    QVector<Axis> available() const;
    Axis preferredY() const;
    Axis preferredX(const Axis &y) const;
    bool comparable(const Axis &a, const Axis &b) const; ///< whether they can be shown against each other unasked
    const Grid *gridOf(const Axis &axis) const;

    Explorer &m_explorer;
    widgets::ScatterWidget *m_scatter;
    QComboBox *m_x, *m_y;
    QToolButton *m_ofHead = nullptr;
    QVector<Axis> m_axes;
    bool m_chosen = false; ///< the user picked axes: they stay
    QTimer *m_refresh;
};

} // namespace patchbay
