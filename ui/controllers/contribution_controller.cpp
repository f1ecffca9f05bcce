#include "controllers/contribution_controller.h"

#include "view_models.h"

namespace patchbay {

using widgets::HeadId;

namespace {

widgets::ScatterView viewOf(HeadId head, const RunResult &result)
{
    widgets::ScatterView view;
    view.title = ContributionController::tr("%1 · attention and contribution per prompt").arg(label(head));
    view.xLabel = ContributionController::tr("Attention from END");
    view.yLabel = ContributionController::tr("Contribution to the name's logit");
    view.series = {ContributionController::tr("END → IO"), ContributionController::tr("END → S")};
    int series = 0;
    for (const char *role : {"io", "s"}) {
        const auto &x = result.arrays.at(std::string("attention.") + role).floats();
        const auto &y = result.arrays.at(std::string("contribution.") + role).floats();
        for (size_t p = 0; p < x.size(); ++p)
            view.points << widgets::ScatterPoint{head, ContributionController::tr("prompt %1").arg(p + 1), x[p], y[p],
                                                 series};
        ++series;
    }
    return view;
}

} // namespace

ContributionController::ContributionController(Backend &backend, Document &document, Navigation &navigation,
                                               QObject *parent)
    : QObject(parent), m_backend(backend), m_document(document), m_navigation(navigation)
{
    connect(&m_navigation, &Navigation::headsChanged, this, &ContributionController::refresh);
    connect(&m_document, &Document::setupChanged, this, &ContributionController::refresh);
}

void ContributionController::setActive(bool active)
{
    m_active = active;
    refresh();
}

void ContributionController::refresh()
{
    const HeadId head = m_navigation.place().current;
    if (!m_active || !m_document.ready() || !head.valid() || head.head < 0) {
        m_view = {};
        Q_EMIT viewChanged();
        return;
    }
    RunSpec spec;
    spec.method = Analysis{"attention-vs-contribution", {fromHeadId(head)}, nullptr};
    const SetupPtr setup = m_document.setup();
    m_backend.submit<RunRequest>({
        .request = {spec},
        .policy = {QStringLiteral("contribution")},
        .done =
            [this, setup, head](const Snapshot &last) {
                if (setup != m_document.setup())
                    return;
                m_view = viewOf(head, *last.result);
                Q_EMIT viewChanged();
            },
        .failed = [this](const Failure &failure) { Q_EMIT failed(failure); },
    });
}

} // namespace patchbay
