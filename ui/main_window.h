// The one window: views in the middle, docks around them, everything computed elsewhere.
#pragma once

#include "controllers/explorer.h"
#include "shell/command_palette.h"
#include "shell/docking.h"

#include <QMainWindow>

namespace patchbay {

class Actions;
class AttentionPane;
class BarsPane;
class CircuitPane;
class HeadsDock;
class HeatmapPane;
class MessageBar;
class NotesDock;
class ModelDock;
class ProgressStrip;
class ProjectFlow;
class PromptsDock;
class CachedModels;
enum class FileKind;
class RecentModels;
class RunControls;
class RunsDock;
class ScatterPane;
class Scrubber;
class SeriesPane;
class TryPane;

class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    MainWindow();
    ~MainWindow() override;

    /// Loads the model ("demo": the embedded one) with 70 IOI pairs.
    void start(const QString &modelFolder);
    /// Shows the series of a folder.
    void openSeries(const QString &folder);
    /// Once the first model is there: what is opened may need one.
    void openFirst(const QString &path);
    /// Files and folders of any kind that the program knows.
    void openPath(const QString &path);
    /// As after the first start, whatever was saved.
    void useDefaultLayout();

    Explorer &explorer() { return m_explorer; }
    Actions &actions() { return *m_actions; }
    HeatmapPane &heatmapPane() { return *m_heatmap; }
    AttentionPane &attentionPane() { return *m_attention; }
    ScatterPane &scatterPane() { return *m_scatter; }
    BarsPane &barsPane() { return *m_bars; }
    CircuitPane &circuitPane() { return *m_circuit; }
    SeriesPane &seriesPane() { return *m_series; }
    Scrubber &scrubber() { return *m_scrubber; }
    TryPane &tryPane() { return *m_try; }
    RunControls &controls() { return *m_controls; }
    Docking &docking() { return m_docking; }
    /// The project that what is done here goes into; none before it is asked to open one.
    ProjectFlow &project() { return *m_project; }
    MessageBar &messages() { return *m_messages; }

protected:
    void closeEvent(QCloseEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    void buildCentre();
    void buildToolbar();
    void buildDocks();
    void connectErrors();
    void connectActions();
    void runAnalysis(Analysis analysis);
    void runFromControls();
    QVector<CommandPalette::Found> everythingToFind();
    void updateTemplate();
    void updateProgress();
    void startTour();
    void showTask();
    void followTask();
    void chooseModel();
    void choosePairs();
    void chooseFile();
    void openResults(const QString &path, FileKind kind);
    void chooseNumbers();
    void importNumbers(const QString &path);
    void openFigure(const QString &path);
    void withTaskOf(const RunSpec &spec, const std::function<void()> &then);
    void whenNothingRuns(const QString &what, const std::function<void()> &open);
    void saveResult(int id);
    void chooseReportFolder();
    void connectSeries();
    void connectEdges();
    void chooseEdges();
    void saveEdges();
    void nameEdges();
    void chooseSeries();
    void copyScript(int run);
    void chooseScrubFolder();
    void drawSeriesReport();

    Explorer m_explorer;
    Docking m_docking{this};
    ModelRef m_modelRef; ///< of the document that the place belongs to
    Actions *m_actions;
    RecentModels *m_recent;
    CachedModels *m_cached;
    HeatmapPane *m_heatmap = nullptr;
    MessageBar *m_messages = nullptr;
    RunControls *m_controls = nullptr;
    ProgressStrip *m_progress = nullptr;
    CommandPalette *m_palette = nullptr;
    ModelDock *m_modelDock = nullptr;
    HeadsDock *m_headsDock = nullptr;
    RunsDock *m_runsDock = nullptr;
    AttentionPane *m_attention = nullptr;
    ScatterPane *m_scatter = nullptr;
    BarsPane *m_bars = nullptr;
    CircuitPane *m_circuit = nullptr;
    PromptsDock *m_prompts = nullptr;
    SeriesPane *m_series = nullptr;
    Scrubber *m_scrubber = nullptr;
    TryPane *m_try = nullptr;
    NotesDock *m_notes = nullptr;
    ProjectFlow *m_project = nullptr;
};

} // namespace patchbay
