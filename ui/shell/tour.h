// Five steps through the window on the demo model: a note beside what it is about. It can be left at any step.
#pragma once

#include "controllers/explorer.h"

#include <QFrame>
#include <QPointer>

#include <functional>
#include <vector>

class QLabel;
class QPushButton;

namespace patchbay {

struct TourStop {
    QString title, text;
    std::function<QWidget *()> where; ///< what it is about, raised if need be; null: the middle of the window
    std::function<void()> act;        ///< what "Next" does for the user before the next stop; may be empty
};

class Tour : public QFrame {
    Q_OBJECT
public:
    Tour(std::vector<TourStop> stops, QWidget *window);

    void start();
    int stop() const { return m_at; }
    int stops() const { return int(m_stops.size()); }
    QPushButton *next() const { return m_next; }
    QPushButton *leave() const { return m_leave; }
    QString text() const;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void show(int stop);
    void place();

    std::vector<TourStop> m_stops;
    QWidget *m_window;
    QPointer<QWidget> m_where;
    QLabel *m_title, *m_text, *m_count;
    QPushButton *m_next, *m_leave;
    int m_at = -1;
};

} // namespace patchbay
