// The "Open" menu: choose a folder, the demo model, or one that was opened before.
#pragma once

#include <QMenu>
#include <QStringList>

namespace patchbay {

class RecentModels : public QMenu {
    Q_OBJECT
public:
    RecentModels(QAction *choose, QAction *demo, QWidget *parent = nullptr);
    /// A folder that was opened with success goes to the top.
    void add(const QString &folder);
    QStringList folders() const;

Q_SIGNALS:
    void chosen(const QString &folder);

private:
    void rebuild();

    QAction *m_choose, *m_demo;
};

} // namespace patchbay
