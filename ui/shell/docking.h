// The window's docks: how they are placed at first, and how they come back as left.
#pragma once

#include <QMainWindow>
#include <QVector>

class QMenu;

namespace patchbay {

class Docking {
public:
    explicit Docking(QMainWindow *window) : m_window(window) { }
    ~Docking();

    enum class Zone { Left, Right, BottomLeft, BottomRight };
    /// name: for the saved layout. The first dock of a zone places it; further ones on the left and at the bottom right
    /// become its tabs.
    /// later: not there at first, but when it is asked for: tabs keep their names where there are few.
    QDockWidget *add(const QString &name, const QString &title, QWidget *content, Zone zone, bool later = false);
    /// Sensible at 1280 × 800 and at 4K.
    void arrange();
    /// Shows a dock, raises its tab and gives it the keyboard.
    void reveal(const QString &name);
    /// Shows a dock on top of its tabs, and leaves the keyboard where it is.
    void raise(const QString &name);
    /// The window's place and size, and where its docks are: as Qt packs them.
    struct Layout {
        QByteArray geometry, docks;
    };
    Layout layout() const;
    void save() const;
    /// False when there is no saved layout that fits.
    bool restore();
    bool restore(const Layout &saved);
    void listIn(QMenu *menu) const;

private:
    struct Entry {
        QDockWidget *dock;
        Zone zone;
        bool later;
    };
    void prepare();
    void titlesLater();
    void updateTitles();

    QMainWindow *m_window;
    QVector<Entry> m_docks;
    bool m_titlesPending = false;
};

} // namespace patchbay
