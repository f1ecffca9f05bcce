#include "shell/recent_models.h"

#include "model/model_folder.h"

#include <QDir>
#include <QFileInfo>
#include <QSettings>

namespace patchbay {

namespace {
constexpr int kKept = 8;
const QString kKey = QStringLiteral("recentModels");
} // namespace

RecentModels::RecentModels(QAction *choose, QAction *demo, QWidget *parent)
    : QMenu(tr("&Open"), parent), m_choose(choose), m_demo(demo)
{
    connect(this, &QMenu::aboutToShow, this, &RecentModels::rebuild);
    rebuild();
}

QStringList RecentModels::folders() const
{
    return QSettings().value(kKey).toStringList();
}

void RecentModels::add(const QString &folder)
{
    QStringList list = folders();
    list.removeAll(folder);
    list.prepend(folder);
    QSettings().setValue(kKey, list.mid(0, kKept));
}

void RecentModels::rebuild()
{
    clear();
    addAction(m_choose);
    addAction(m_demo);
    const QStringList list = folders();
    if (list.isEmpty())
        return;
    addSection(tr("Recent"));
    for (const QString &folder : list) {
        QAction *action = addAction(QString::fromStdString(model_name(folder.toStdString())) + QStringLiteral("    ")
                                        + QDir::toNativeSeparators(QFileInfo(folder).path()),
                                    this, [this, folder] { Q_EMIT chosen(folder); });
        action->setEnabled(QFileInfo::exists(folder));
    }
}

} // namespace patchbay
