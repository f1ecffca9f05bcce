#include "shell/recent_models.h"

#include "hub/snapshot.h"
#include "model/model_folder.h"

#include <QDir>
#include <QFileInfo>
#include <QSettings>

namespace patchbay {

namespace {
constexpr int kKept = 8;
const QString kKey = QStringLiteral("recentModels");
} // namespace

RecentModels::RecentModels(const QList<QList<QAction *>> &ways, QWidget *parent)
    : QMenu(tr("&Open"), parent), m_ways(ways)
{
    connect(this, &QMenu::aboutToShow, this, &RecentModels::rebuild);
    rebuild();
}

QStringList RecentModels::folders()
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
    for (const QList<QAction *> &group : std::as_const(m_ways)) {
        if (!isEmpty())
            addSeparator();
        addActions(group);
    }
    const QStringList list = folders();
    if (list.isEmpty())
        return;
    addSection(tr("Recent"));
    for (const QString &folder : list) {
        const std::string path = folder.toStdString();
        const bool cached = is_cached_name(path);
        const QString place = cached ? tr("Hugging Face cache") : QDir::toNativeSeparators(QFileInfo(folder).path());
        QAction *action = addAction(QString::fromStdString(model_name(path)) + QStringLiteral("    ") + place, this,
                                    [this, folder] { Q_EMIT chosen(folder); });
        action->setEnabled(cached ? QFileInfo::exists(QString::fromStdString(cached_model(hub_name(path)->model)))
                                  : QFileInfo::exists(folder));
    }
}

} // namespace patchbay
