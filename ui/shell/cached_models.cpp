#include "shell/cached_models.h"

#include "amounts_text.h"
#include "base/plain_text.h"
#include "hub/listing.h"
#include "model/config.h"
#include "model/model_folder.h"

#include <QDir>

namespace patchbay {

namespace {

constexpr size_t kShortCommit = 8;
constexpr int kReasonCharacters = 48;

QString text(const std::string &utf8)
{
    return QString::fromStdString(utf8);
}

QString elided(const QString &reason)
{
    return reason.size() <= kReasonCharacters ? reason : reason.left(kReasonCharacters - 1).trimmed() + QChar(0x2026);
}

/// Ampersands of a name are no mnemonics.
QString asTitle(QString title)
{
    return title.replace(QLatin1Char('&'), QStringLiteral("&&"));
}

/// The revision, family and size, or why it cannot be opened; behind the tab stands what the menu aligns on the right.
QString columns(const QString &title, const CachedSnapshot &snapshot)
{
    QStringList right;
    if (!snapshot.family.empty())
        right << text(family_title(snapshot.family));
    right << text(size_text(snapshot.bytes));
    if (!snapshot.problem.empty())
        right = {CachedModels::tr("cannot be opened: %1").arg(elided(text(snapshot.problem)))};
    return asTitle(title) + QLatin1Char('\t') + right.join(QStringLiteral(" · "));
}

QString revisionsOf(const CachedSnapshot &snapshot)
{
    QStringList names;
    for (const std::string &revision : snapshot.revisions)
        names << text(revision);
    return names.isEmpty() ? text(snapshot.commit.substr(0, kShortCommit)) : names.join(QStringLiteral(", "));
}

QString tip(const CachedSnapshot &snapshot)
{
    QString out = CachedModels::tr("Commit %1").arg(text(snapshot.commit));
    if (!snapshot.problem.empty())
        out += QLatin1Char('\n') + text(snapshot.problem);
    return out;
}

} // namespace

CachedModels::CachedModels(Backend &backend, QWidget *parent)
    : QMenu(tr("From the Hugging Face &cache"), parent), m_backend(backend)
{
    setToolTipsVisible(true);
    addAction(tr("Looking…"))->setEnabled(false);
}

void CachedModels::refresh()
{
    m_backend.submit<ListCacheRequest>({
        .request = {},
        .policy = {QStringLiteral("list-cache"), true},
        .done = [this](const CacheListingPtr &listing) { show(*listing); },
        .failed =
            [this](const Failure &failure) {
                clear();
                addAction(asTitle(failure.text()))->setEnabled(false);
            },
    });
}

void CachedModels::show(const CacheListing &listing)
{
    clear();
    const auto add = [this](QMenu *menu, const QString &title, const CachedSnapshot &snapshot) {
        // Where a folder of that name is in the way, the snapshot by its own.
        const std::string model = is_cached_name(snapshot.reference) ? snapshot.reference : snapshot.folder.string();
        QAction *action =
            menu->addAction(columns(title, snapshot), this, [this, model = text(model)] { Q_EMIT chosen(model); });
        action->setToolTip(tip(snapshot));
        action->setEnabled(snapshot.problem.empty());
    };
    for (const CachedModel &model : listing.models) {
        if (model.snapshots.empty()) {
            QAction *action = addAction(asTitle(text(model.name)) + QLatin1Char('\t') + elided(text(model.problem)));
            action->setToolTip(text(model.problem));
            action->setEnabled(false);
        } else if (model.snapshots.size() == 1) {
            const CachedSnapshot &only = model.snapshots.front();
            add(this,
                text(only.revisions.empty() ? model.name + "@" + only.commit.substr(0, kShortCommit) : only.reference),
                only);
        } else {
            QMenu *revisions = addMenu(
                asTitle(text(model.name))
                + tr("   %1, %2")
                      .arg(countedText(qsizetype(model.snapshots.size()), "revision"), text(size_text(model.bytes))));
            revisions->setToolTipsVisible(true);
            for (const CachedSnapshot &snapshot : model.snapshots)
                add(revisions, revisionsOf(snapshot), snapshot);
        }
    }
    if (listing.models.empty())
        addAction(tr("No models in %1").arg(QDir::toNativeSeparators(text(listing.folder.string()))))
            ->setEnabled(false);
}

} // namespace patchbay
