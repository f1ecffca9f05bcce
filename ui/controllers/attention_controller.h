// From the selected heads to attention patterns on screen: fetched from the compute thread, kept, and turned into
// views.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "controllers/runs_store.h"
#include "views.h"

#include <QMap>
#include <QObject>
#include <QVector>

#include <memory>

namespace patchbay {

/// Which run's attention is shown. Patched: the shown run's base with the other selected heads' z taken from its source
/// run.
enum class AttentionSource { Clean, Flipped, CleanMinusFlipped, Patched, PatchedMinusBase };

class AttentionController : public QObject {
    Q_OBJECT
public:
    AttentionController(Backend &backend, Document &document, Navigation &navigation, RunsStore &store,
                        QObject *parent = nullptr);

    void setSource(AttentionSource source);
    void setKind(AttentionKind kind);
    /// -1: mean over prompts aligned by role.
    void setPrompt(int prompt);
    AttentionSource source() const { return m_source; }
    AttentionKind kind() const { return m_kind; }
    int prompt() const { return m_prompt; }
    /// Fetches a head's patterns before they are asked for: the head under the mouse.
    void prefetch(widgets::HeadId head);
    /// Shows the attention of a tried prompt in place of the task's; null: the task's again.
    void setTried(const TrialPtr &trial);
    const TrialPtr &tried() const { return m_tried; }
    /// The heads whose patterns are shown, the current one first.
    QVector<widgets::HeadId> wantedHeads() const;
    /// Whether the batch knows the positions that the mean needs.
    bool hasRoles() const;

    /// The selected heads' views, the current head's first; empty while nothing is selected or the patterns are on
    /// their way.
    const QVector<widgets::AttentionView> &views() const { return m_views; }
    /// Why there is nothing to show, for the empty view.
    QString hint() const;

Q_SIGNALS:
    void viewsChanged();
    void optionsChanged();
    void failed(const patchbay::Failure &failure);

private:
    bool patchedSource() const;
    AttentionKind shownKind() const;
    using PatternPtr = std::shared_ptr<const AttentionPattern>;
    struct Key {
        widgets::HeadId head;
        bool flipped = false;
        AttentionKind kind = AttentionKind::Plain;
        auto operator<=>(const Key &) const = default;
    };
    void refresh();
    void show();
    QVector<Key> missingKeys(const QVector<widgets::HeadId> &heads) const;
    void fetch(const QVector<Key> &keys, const QString &tag);
    void forgetOld();
    void fetchPatched(widgets::HeadId head);
    PatternPtr patternOf(widgets::HeadId head) const;
    widgets::AttentionView viewOf(const AttentionPattern &pattern) const;
    QString sourceText() const;

    Backend &m_backend;
    Document &m_document;
    Navigation &m_navigation;
    RunsStore &m_store;
    AttentionSource m_source = AttentionSource::Clean;
    AttentionKind m_kind = AttentionKind::Plain;
    int m_prompt = 0;
    QMap<Key, PatternPtr> m_patterns; ///< of the open document
    PatternPtr m_patched;             ///< of the current head, for the patched sources
    JobId m_patchedJob = 0;           ///< what fetches it
    TrialPtr m_tried;                 ///< whose attention is shown; null: the task's
    QVector<widgets::AttentionView> m_views;
};

} // namespace patchbay
