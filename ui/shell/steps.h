// A scripted journey through the window: do something, wait until it shows, go on. Screenshots and the gallery are made
// with it.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <functional>
#include <vector>

namespace patchbay {

struct Step {
    QString name;
    std::function<void()> act;   ///< may be empty
    std::function<bool()> until; ///< looked at between events; empty: at once
};

class Steps : public QObject {
    Q_OBJECT
public:
    Steps(std::vector<Step> steps, QObject *parent = nullptr);
    void start();
    /// Something has moved: the step has as long again. What takes minutes on a busy machine is not given up.
    void alive() { m_since.start(); }

Q_SIGNALS:
    void done();
    /// A step whose condition did not come true while nothing moved for two minutes.
    void failed(const QString &step);

private:
    void look();

    std::vector<Step> m_steps;
    size_t m_at = 0;
    QTimer m_timer;
    QElapsedTimer m_since;
};

} // namespace patchbay
