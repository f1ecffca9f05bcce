// Circuits of edges: opened, saved and kept from the window.
#include "main_window.h"

#include "shell/actions.h"
#include "shell/message_bar.h"
#include "views/edges_pane.h"
#include "views/heatmap_pane.h"

#include <QFileDialog>
#include <QInputDialog>

namespace patchbay {

void MainWindow::connectEdges()
{
    EdgesController &edges = m_explorer.edges;
    connect(&edges, &EdgesController::failed, this, [this](Failure failure) {
        if (failure.nextStep.isEmpty())
            failure.nextStep = tr("The circuit is as it was. Choose other edges, or another file.");
        m_messages->showFailure(tr("This does not work with the circuit of edges"), failure);
    });
    m_heatmap->edges()->setActions(
        m_actions->edgeActions(),
        {m_actions->patchEdges, m_actions->keepEdges, m_actions->openEdges, m_actions->saveEdges});
    connect(m_actions->openEdges, &QAction::triggered, this, &MainWindow::chooseEdges);
    connect(m_actions->saveEdges, &QAction::triggered, this, &MainWindow::saveEdges);
    connect(m_actions->keepEdges, &QAction::triggered, this, &MainWindow::nameEdges);
}

void MainWindow::chooseEdges()
{
    auto *dialog = new QFileDialog(this, tr("Open scores or a circuit of edges"), {},
                                   tr("Graphs of EAP-IG and MIB (*.json *.pt *.pth)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, &m_explorer.edges, &EdgesController::open);
    dialog->open();
}

void MainWindow::saveEdges()
{
    auto *dialog = new QFileDialog(this, tr("Save the circuit of edges"), {},
                                   tr("Graph of EAP-IG and MIB (*.json);;Table (*.csv)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("json"));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString &file) {
        try {
            m_explorer.edges.save(file);
            m_messages->showNote(tr("Saved %1").arg(file));
        } catch (...) {
            m_messages->showFailure(tr("The circuit was not saved"), failureOf(std::current_exception()));
        }
    });
    dialog->open();
}

void MainWindow::nameEdges()
{
    auto *ask = new QInputDialog(this);
    ask->setAttribute(Qt::WA_DeleteOnClose);
    ask->setWindowTitle(tr("Keep the circuit"));
    ask->setLabelText(tr("Name of the circuit:"));
    ask->setTextValue(m_explorer.navigation.place().edges.name);
    connect(ask, &QInputDialog::textValueSelected, &m_explorer.edges, &EdgesController::keepAs);
    ask->open();
}

} // namespace patchbay
