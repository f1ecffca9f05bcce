#include "controllers/attention_controller.h"

#include "amounts_text.h"
#include "base/error.h"
#include "controllers/attention_maths.h"
#include "controllers/tried_attention.h"
#include "view_models.h"

namespace patchbay {

using widgets::HeadId;

namespace {
// Heads shown at once: as many as can be turned into views in a few milliseconds.
constexpr int kMostHeads = 64, kFewestHeads = 12, kShownWeights = 2'000'000;
constexpr qsizetype kKeptBytes = qsizetype(256)
    << 20; // of patterns of all prompts: 90 kB each at 70 prompts of 18 tokens, 25 MB at 300

qsizetype bytesOf(const AttentionPattern &pattern)
{
    qsizetype weights = 0;
    for (const auto &prompt : pattern.weights)
        weights += qsizetype(prompt.size());
    return weights * qsizetype(sizeof(float));
}
} // namespace

AttentionController::AttentionController(Backend &backend, Document &document, Navigation &navigation, RunsStore &store,
                                         QObject *parent)
    : QObject(parent), m_backend(backend), m_document(document), m_navigation(navigation), m_store(store)
{
    connect(&m_navigation, &Navigation::headsChanged, this, &AttentionController::refresh);
    connect(&m_navigation, &Navigation::promptChanged, this, [this] {
        setTried(nullptr);
        if (m_navigation.place().prompt >= 0)
            setPrompt(m_navigation.place().prompt);
    });
    connect(&m_navigation, &Navigation::runChanged, this, [this] {
        if (m_source == AttentionSource::Patched || m_source == AttentionSource::PatchedMinusBase)
            refresh();
    });
    connect(&m_document, &Document::setupChanged, this, [this] {
        m_patterns.clear();
        m_patched.reset();
        m_tried.reset();
        m_prompt = std::max(0, m_navigation.place().prompt); // of a task that undo has brought back
        Q_EMIT optionsChanged();
        refresh();
    });
}

void AttentionController::setSource(AttentionSource source)
{
    m_source = source;
    Q_EMIT optionsChanged();
    refresh();
}

void AttentionController::setKind(AttentionKind kind)
{
    m_kind = kind;
    Q_EMIT optionsChanged();
    refresh();
}

void AttentionController::setPrompt(int prompt)
{
    if (prompt == m_prompt)
        return;
    m_prompt = prompt;
    Q_EMIT optionsChanged();
    show();
}

void AttentionController::setTried(const TrialPtr &trial)
{
    if (trial == m_tried)
        return;
    m_tried = trial;
    Q_EMIT optionsChanged();
    if (trial)
        show();
    else
        refresh();
}

bool AttentionController::hasRoles() const
{
    return m_document.ready() && !m_document.setup()->batch.roles.empty();
}

QVector<HeadId> AttentionController::wantedHeads() const
{
    const Place &place = m_navigation.place();
    QVector<HeadId> heads;
    if (place.current.valid() && place.current.head >= 0)
        heads << place.current;
    if (patchedSource())
        return heads;
    const int width = m_document.ready() ? std::max(1, m_document.setup()->batch.width) : 1;
    const int most = std::clamp(kShownWeights / (width * width), kFewestHeads, kMostHeads);
    for (const HeadId &head : place.heads)
        if (head.head >= 0 && !heads.contains(head) && heads.size() < most)
            heads << head;
    return heads;
}

bool AttentionController::patchedSource() const
{
    return m_source == AttentionSource::Patched || m_source == AttentionSource::PatchedMinusBase;
}

// Patched patterns are computed plain, and what they are compared with has to be of the same kind.
AttentionKind AttentionController::shownKind() const
{
    return patchedSource() || m_tried ? AttentionKind::Plain : m_kind;
}

QVector<AttentionController::Key> AttentionController::missingKeys(const QVector<HeadId> &heads) const
{
    QVector<Key> keys;
    const bool clean = m_source != AttentionSource::Flipped;
    const bool flipped = m_source != AttentionSource::Clean;
    for (const HeadId &head : heads) {
        if (clean && !m_patterns.contains({head, false, shownKind()}))
            keys << Key{head, false, shownKind()};
        if (flipped && !m_patterns.contains({head, true, shownKind()}))
            keys << Key{head, true, shownKind()};
    }
    return keys;
}

void AttentionController::refresh()
{
    m_backend.cancel(m_patchedJob); // two whole passes for what is no longer asked for
    m_patched.reset();
    if (!m_document.ready() || m_tried)
        return show(); // who tries asks for the patterns
    const QVector<HeadId> heads = wantedHeads();
    // The head that is enlarged does not wait for the thumbnails of the others.
    if (const auto keys = missingKeys(heads.first(std::min<qsizetype>(heads.size(), 1))); !keys.isEmpty())
        fetch(keys, QStringLiteral("attention"));
    if (const auto keys = missingKeys(heads.mid(1)); !keys.isEmpty())
        fetch(keys, QStringLiteral("attention-more"));
    if (!heads.isEmpty() && (m_source == AttentionSource::Patched || m_source == AttentionSource::PatchedMinusBase))
        fetchPatched(heads.front());
    show();
}

void AttentionController::prefetch(HeadId head)
{
    if (!m_document.ready() || !head.valid() || head.head < 0)
        return;
    if (const auto keys = missingKeys({head}); !keys.isEmpty())
        fetch(keys, QStringLiteral("attention-hover"));
}

void AttentionController::fetch(const QVector<Key> &keys, const QString &tag)
{
    const SetupPtr setup = m_document.setup();
    AttentionRequest request;
    for (const Key &key : keys)
        request.wanted.push_back({fromHeadId(key.head), key.flipped, key.kind});
    m_backend.submit<AttentionRequest>({
        .request = std::move(request),
        .policy = {tag},
        .done =
            [this, keys, setup](const AttentionPatterns &patterns) {
                if (setup != m_document.setup())
                    return; // of the model or task from before
                for (int i = 0; i < keys.size(); ++i)
                    m_patterns.insert(keys[i], patterns[size_t(i)]);
                forgetOld();
                show();
            },
        .failed = [this](const Failure &failure) { Q_EMIT failed(failure); },
    });
}

// Beyond the budget only what is on view is kept.
void AttentionController::forgetOld()
{
    qsizetype bytes = 0;
    for (const PatternPtr &pattern : std::as_const(m_patterns))
        bytes += bytesOf(*pattern);
    if (bytes <= kKeptBytes)
        return;
    const QVector<HeadId> heads = wantedHeads();
    m_patterns.removeIf([&](QMap<Key, PatternPtr>::iterator it) {
        return !heads.contains(it.key().head) || it.key().kind != shownKind();
    });
}

void AttentionController::fetchPatched(HeadId head)
{
    const RunEntry *run = m_store.find(m_navigation.place().run);
    std::vector<Node> patched;
    for (const HeadId &other : m_navigation.place().heads)
        if (!(other == head) && other.head >= 0)
            patched.push_back({Site::Z, other.layer, other.head});
    if (patched.empty())
        return;
    RunSpec spec = run ? run->spec : RunSpec{};
    const SetupPtr setup = m_document.setup();
    m_patchedJob = m_backend.submit<PatchedAttentionRequest>({
        .request = {fromHeadId(head), std::move(spec), std::move(patched)},
        .policy = {QStringLiteral("attention-patched"), true},
        .done =
            [this, setup](const AttentionPatterns &patterns) {
                if (setup != m_document.setup())
                    return;
                m_patched = patterns.front();
                show();
            },
        .failed = [this](const Failure &failure) { Q_EMIT failed(failure); },
    });
}

AttentionController::PatternPtr AttentionController::patternOf(HeadId head) const
{
    const PatternPtr clean = m_patterns.value({head, false, shownKind()});
    const PatternPtr flipped = m_patterns.value({head, true, shownKind()});
    switch (m_source) {
    case AttentionSource::Clean:
        return clean;
    case AttentionSource::Flipped:
        return flipped;
    case AttentionSource::CleanMinusFlipped:
        return clean && flipped ? std::make_shared<const AttentionPattern>(difference(*clean, *flipped)) : nullptr;
    case AttentionSource::Patched:
        return m_patched;
    case AttentionSource::PatchedMinusBase: {
        const RunEntry *run = m_store.find(m_navigation.place().run);
        const PatternPtr base = run && !base_is_flipped(run->spec) ? m_patterns.value({head, false, shownKind()})
                                                                   : m_patterns.value({head, true, shownKind()});
        return m_patched && base ? std::make_shared<const AttentionPattern>(difference(*m_patched, *base)) : nullptr;
    }
    }
    return nullptr;
}

QString AttentionController::sourceText() const
{
    switch (m_source) {
    case AttentionSource::Clean:
        return tr("clean");
    case AttentionSource::Flipped:
        return tr("flipped");
    case AttentionSource::CleanMinusFlipped:
        return tr("clean − flipped");
    case AttentionSource::Patched:
        return tr("patched");
    case AttentionSource::PatchedMinusBase:
        return tr("patched − base");
    }
    return {};
}

widgets::AttentionView AttentionController::viewOf(const AttentionPattern &pattern) const
{
    const PromptBatch &batch = m_document.setup()->batch;
    const bool byRole = m_prompt < 0 && hasRoles();
    const bool base = m_source == AttentionSource::Flipped;
    widgets::AttentionView view = byRole
        ? meanByRole(pattern, batch)
        : attentionView(pattern, std::clamp(m_prompt, 0, batch.prompts - 1), batch, base);
    view.difference = m_source == AttentionSource::CleanMinusFlipped || m_source == AttentionSource::PatchedMinusBase;
    view.title = attentionTitle(view.head, sourceText(),
                                byRole ? tr("mean of %1").arg(countedText(batch.prompts, "prompt"))
                                       : tr("prompt %1").arg(m_prompt + 1),
                                shownKind() == AttentionKind::ValueWeighted);
    return view;
}

void AttentionController::show()
{
    QVector<widgets::AttentionView> views;
    const QVector<HeadId> heads = wantedHeads();
    if (m_tried) {
        views = triedViews(*m_tried, heads, m_source);
    } else if (m_document.ready()) {
        for (const HeadId &head : heads)
            if (const PatternPtr pattern = patternOf(head))
                views << viewOf(*pattern);
    }
    // Keep the last picture while the current head's is on its way: no flicker.
    const bool waits = !heads.isEmpty() && (views.isEmpty() || views.front().head != heads.front());
    if ((m_tried || m_document.ready()) && waits && !m_views.isEmpty() && hint().isEmpty())
        return;
    m_views = views;
    Q_EMIT viewsChanged();
}

QString AttentionController::hint() const
{
    if (!m_document.ready() && !m_tried)
        return m_document.loading() ? tr("The model is loading") : QString();
    const Place &place = m_navigation.place();
    if (!place.current.valid())
        return tr("Click a head in the heatmap to see what it attends to");
    if (m_tried)
        return triedHint(*m_tried, m_source);
    if ((m_source == AttentionSource::Patched || m_source == AttentionSource::PatchedMinusBase)
        && place.heads.size() < 2)
        return tr("Ctrl-click a second head: its output is taken from the source run,\nand this view shows how %1's "
                  "attention changes")
            .arg(label(place.current));
    return {};
}

} // namespace patchbay
