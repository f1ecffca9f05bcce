// What the views keep in the project, and how it comes back.
#include "shell/project_flow.h"

#include "base/json_field.h"
#include "controllers/kept_edges.h"
#include "controllers/place_json.h"
#include "heatmap_widget.h"
#include "main_window.h"
#include "shell/kept_circuits.h"
#include "shell/message_bar.h"
#include "shell/project_files.h"
#include "shell/run_controls.h"
#include "view_options.h"
#include "views/heatmap_pane.h"
#include "views/scatter_pane.h"

#include <QBuffer>
#include <QDockWidget>

#include <algorithm>

namespace patchbay {

using nlohmann::json;

namespace {

constexpr int kPainted = 700; // ms after a run's end: its view is painted

// The names of states in the file.
const QString kPlace = QStringLiteral("place"), kOptions = QStringLiteral("options"),
              kControls = QStringLiteral("controls"), kRange = QStringLiteral("range"),
              kScatter = QStringLiteral("scatter"), kSeries = QStringLiteral("series"),
              kGeometry = QStringLiteral("geometry"), kDocks = QStringLiteral("docks");

QByteArray bytes(const json &value)
{
    return QByteArray::fromStdString(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

} // namespace

void ProjectFlow::connectState()
{
    const auto later = [this] { saveLater(); };
    Explorer &explorer = m_window.explorer();
    const Navigation &navigation = explorer.navigation;
    for (const auto signal : {&Navigation::taskChanged, &Navigation::headsChanged, &Navigation::runChanged,
                              &Navigation::promptChanged, &Navigation::receiversChanged, &Navigation::circuitChanged,
                              &Navigation::edgesChanged, &Navigation::maskChanged})
        connect(&navigation, signal, this, later);
    connect(&explorer.series, &SeriesController::stepChanged, this, later);
    connect(&m_window.controls(), &RunControls::changed, this, later);
    connect(&m_window.scatterPane(), &ScatterPane::axesChosen, this, later);
    connect(m_window.heatmapPane().rangePanel(), &RangePanel::changed, this, later);
    onOptionChanged(m_window, later);
    for (const QDockWidget *dock : m_window.findChildren<QDockWidget *>()) {
        connect(dock, &QDockWidget::dockLocationChanged, this, later);
        connect(dock, &QDockWidget::topLevelChanged, this, later);
        connect(dock, &QDockWidget::visibilityChanged, this, later);
    }
    connect(&explorer.edges, &EdgesController::namedChanged, this, &ProjectFlow::keepCircuits);
    connect(&explorer.edges, &EdgesController::forgotten, this, [this](const QString &name) {
        m_project.removeCircuit(
            {name.toStdString(), "edges", m_window.explorer().document.setup()->model_ref.sha256, nullptr});
    });
    m_picture.setSingleShot(true);
    m_picture.setInterval(kPainted);
    connect(&m_picture, &QTimer::timeout, this, &ProjectFlow::keepThumbnail);
    connect(&explorer.runs, &RunsStore::runChanged, this, [this](int id) {
        const RunEntry *run = m_window.explorer().runs.find(id);
        if (run && run->state == RunState::Done && id == m_window.explorer().navigation.place().run)
            m_picture.start();
    });
    Document &document = explorer.document;
    connect(&document, &Document::setupChanged, this, [this] {
        if (m_pending)
            restore();
        else if (m_project.isOpen())
            adoptCircuits();
    });
    connect(&document, &Document::failed, this, [this] { // the runs can be looked at all the same
        if (m_pending)
            restore();
    });
}

// Circuits of edges that are kept by name, of the open model.
void ProjectFlow::keepCircuits()
{
    const SetupPtr &setup = m_window.explorer().document.setup();
    if (!setup || m_pending || !m_project.isOpen())
        return;
    for (const KeptEdges &kept : m_window.explorer().edges.named()) {
        const ProjectCircuit circuit{kept.name.toStdString(), "edges", setup->model_ref.sha256,
                                     keptEdgesJson(*setup, kept.name)};
        const auto &known = m_project.circuits();
        if (std::none_of(known.begin(), known.end(), [&](const ProjectCircuit &one) {
                return one.name == circuit.name && one.model == circuit.model && one.body == circuit.body;
            }))
            m_project.putCircuit(circuit);
    }
}

void ProjectFlow::adoptCircuits()
{
    Explorer &explorer = m_window.explorer();
    const SetupPtr &setup = explorer.document.setup();
    if (!setup)
        return;
    bool adopted = false;
    for (const ProjectCircuit &circuit : m_project.circuits()) {
        if (circuit.kind != "edges" || circuit.model != setup->model_ref.sha256)
            continue;
        try {
            adopted = adoptEdges(*setup, QString::fromStdString(circuit.name), circuit.body) || adopted;
        } catch (...) {
            m_window.messages().showFailure(tr("A circuit of the project is not shown"),
                                            failureOf(std::current_exception()));
        }
    }
    if (adopted)
        explorer.edges.refreshNamed();
}

// The heatmap of a finished run, small: for folders and other programs.
void ProjectFlow::keepThumbnail()
{
    const int id = m_window.explorer().navigation.place().run;
    const RunEntry *run = m_window.explorer().runs.find(id);
    const widgets::HeatmapWidget *heatmap = m_window.heatmapPane().heatmap();
    if (!m_project.isOpen() || !run || run->ofSeries || run->state != RunState::Done || !heatmap->isVisible())
        return;
    QByteArray png;
    QBuffer buffer(&png);
    buffer.open(QIODevice::WriteOnly);
    m_window.heatmapPane().heatmap()->grab().scaledToWidth(320, Qt::SmoothTransformation).save(&buffer, "PNG");
    m_project.putThumbnail(id, png);
}

void ProjectFlow::saveLater()
{
    if (!m_pending && m_project.isOpen() && !m_later.isActive())
        m_later.start();
}

void ProjectFlow::saveState()
{
    m_later.stop();
    if (m_pending || !m_project.isOpen())
        return; // what there is is still that of the file
    Explorer &explorer = m_window.explorer();
    const auto idOf = [this](int run) { return m_project.idOf(run); };
    Place place = explorer.navigation.place();
    const bool series = explorer.series.onView();
    if (series)
        place.run = place.comparedRun = -1; // a step of it is no run of the project
    m_project.putState(kPlace, bytes(placeToJson(place, idOf)));
    m_project.putState(kOptions, bytes(optionsOf(m_window)));
    m_project.putState(kControls, bytes(to_json(m_window.controls().spec())));
    const ColourRange &range = m_window.heatmapPane().range();
    m_project.putState(kRange,
                       bytes({{"limit", range.limit}, {"locked", range.locked}, {"unit", range.unit.toStdString()}}));
    json axes = nullptr;
    if (const auto chosen = m_window.scatterPane().chosenAxes())
        axes = {{"x", {idOf(chosen->first.run), chosen->first.grid}},
                {"y", {idOf(chosen->second.run), chosen->second.grid}}};
    m_project.putState(kScatter, bytes(axes));
    m_project.putState(
        kSeries,
        bytes({{"folder", explorer.series.series() ? explorer.series.folder().toStdString() : std::string()},
               {"step", explorer.series.step()},
               {"on_view", series}}));
    const Docking::Layout layout = m_window.docking().layout();
    m_project.putState(kGeometry, layout.geometry);
    m_project.putState(kDocks, layout.docks);
}

// Its runs are in the list; what was on view comes back when its model is open.
void ProjectFlow::begin()
{
    Explorer &explorer = m_window.explorer();
    explorer.navigation.reset();
    if (const QByteArray docks = m_project.state(kDocks); !docks.isEmpty())
        m_window.docking().restore({m_project.state(kGeometry), docks});
    m_pending = true;
    if (const QByteArray document = m_project.state(QLatin1String(ProjectController::documentState));
        startsDocument(document))
        return;
    // Nothing was ever opened in it: what is open stays.
    m_pending = false;
    const QString model = std::exchange(m_model, {});
    if (!model.isEmpty())
        m_window.start(model);
    else if (const SetupPtr &setup = explorer.document.setup())
        explorer.navigation.reset(keptCircuit(*setup), explorer.document.task());
    else if (!explorer.document.loading())
        m_window.start(QStringLiteral("demo"));
}

bool ProjectFlow::startsDocument(const QByteArray &state)
{
    if (state.isEmpty())
        return false;
    const std::string file = m_project.file().toStdString();
    try {
        const json value = parse_json(state.toStdString(), file);
        const JsonField field(value, file, "the open model");
        SetUpRequest request;
        request.model = model_ref_from_json(field.at("model").value(), file);
        request.model.path = foundModel(request.model, m_project.file()).toStdString();
        request.task = task_ref_from_json(field.at("task").value(), file);
        m_window.explorer().document.open(request);
        return true;
    } catch (...) {
        m_window.messages().showFailure(tr("The project"), failureOf(std::current_exception()));
        return false;
    }
}

void ProjectFlow::restore()
{
    Explorer &explorer = m_window.explorer();
    const std::string file = m_project.file().toStdString();
    const auto part = [&](const QString &name, const auto &take) {
        const QByteArray state = m_project.state(name);
        if (state.isEmpty())
            return;
        try { // a part that cannot be read is left as it begins
            take(parse_json(state.toStdString(), file));
        } catch (...) {
            m_window.messages().showFailure(tr("Part of what was on view is not"), failureOf(std::current_exception()));
        }
    };
    part(kPlace, [&](const json &value) {
        Place place = placeFromJson(value, file, [this](qint64 id) { return m_project.runOf(id); });
        if (explorer.document.setup())
            place.task = explorer.document.task();
        explorer.navigation.restore(place);
    });
    part(kControls, [&](const json &value) { m_window.controls().setSpec(run_spec_from_json(value)); });
    part(kOptions, [&](const json &value) { setOptions(m_window, value); });
    part(kRange, [&](const json &value) {
        const JsonField field(value, file, "the range of colours");
        m_window.heatmapPane().setRange({value.at("limit").get<double>(), field.at("locked").flag(),
                                         QString::fromStdString(field.at("unit").text())});
    });
    part(kScatter, [&](const json &value) {
        if (!value.is_object())
            return;
        const auto axis = [&](const char *key) {
            const JsonField field(value.at(key), file, "the axes of the scatter");
            return ScatterPane::Axis{m_project.runOf(field.items().at(0).value().get<qint64>()),
                                     field.items().at(1).text()};
        };
        m_window.scatterPane().chooseAxes(axis("x"), axis("y"));
    });
    part(kSeries, [&](const json &value) {
        const JsonField field(value, file, "the series");
        if (!field.at("on_view").flag())
            return;
        SeriesController &series = explorer.series;
        connect(
            &series, &SeriesController::seriesChanged, this,
            [&series, step = int(field.at("step").integer(-1, 1 << 30))] {
                if (step >= 0 && step < series.steps())
                    series.setStep(step);
            },
            Qt::SingleShotConnection);
        m_window.openSeries(QString::fromStdString(field.at("folder").text()));
    });
    adoptCircuits();
    m_pending = false;
    for (const RunEntry &entry : explorer.runs.entries())
        if (entry.id == explorer.navigation.place().run && entry.state == RunState::Stopped)
            m_window.messages().showNote(tr("%1 was stopped at %2 of %3; Run › Continue the stopped run goes on")
                                             .arg(entry.name)
                                             .arg(entry.done)
                                             .arg(entry.total));
}

} // namespace patchbay
