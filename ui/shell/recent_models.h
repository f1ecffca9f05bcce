// The "Open" menu: choose a folder, the demo model, one of the Hugging Face cache, or one that was opened before.
#pragma once

#include <QMenu>
#include <QStringList>

namespace patchbay {

class RecentModels : public QMenu {
    Q_OBJECT
public:
    /// ways: what comes first, in groups.
    explicit RecentModels(const QList<QList<QAction *>> &ways, QWidget *parent = nullptr);
    /// A folder, or a name in the cache, that was opened with success goes to the top.
    void add(const QString &folder);
    static QStringList folders();

Q_SIGNALS:
    void chosen(const QString &folder);

private:
    void rebuild();

    QList<QList<QAction *>> m_ways;
};

} // namespace patchbay
