// tests/hub/hub_server.py as a process: a server that behaves like the Hugging Face hub.
#pragma once

#include "core/cache_folder.h"

#include <QProcess>
#include <QStandardPaths>

class HubServer {
public:
    /// Serves the demo model as org/demo.
    HubServer()
    {
        namespace fs = std::filesystem;
        fs::create_directories(repo().parent_path());
        fs::copy(PATCHBAY_SOURCE_DIR "/resources/demo-model", repo());
        m_process.start(QStandardPaths::findExecutable(QStringLiteral("python3")),
                        {QStringLiteral(PATCHBAY_SOURCE_DIR "/tests/hub/hub_server.py"), m_repos.path()});
        m_endpoint.emplace("HF_ENDPOINT", answer().toStdString());
    }
    ~HubServer()
    {
        m_process.closeWriteChannel();
        m_process.waitForFinished();
    }
    /// Another revision of org/demo, with weights of its own.
    void add_revision(const std::string &revision) const
    {
        const std::filesystem::path folder = repo().parent_path() / revision;
        std::filesystem::copy(repo(), folder);
        std::string weights = patchbay::read_file(folder / "model.safetensors");
        weights[weights.size() - 4] ^= char(1 + std::hash<std::string>()(revision) % 100); // a little of the last one
        patchbay::write_file(folder / "model.safetensors", weights);
    }
    static bool available() { return !QStandardPaths::findExecutable(QStringLiteral("python3")).isEmpty(); }
    std::filesystem::path repo() const
    {
        return std::filesystem::path(m_repos.path().toStdString()) / "org" / "demo" / "main";
    }
    /// One of the commands of hub_server.py.
    QString say(const QByteArray &command)
    {
        m_process.write(command + '\n');
        return answer();
    }

private:
    QString answer()
    {
        while (!m_process.canReadLine())
            if (!m_process.waitForReadyRead(60000))
                return {};
        return QString::fromUtf8(m_process.readLine()).trimmed();
    }
    QTemporaryDir m_repos;
    QProcess m_process;
    std::optional<Variable> m_endpoint;
    Variable m_token{"HF_TOKEN", ""}, m_old_token{"HUGGING_FACE_HUB_TOKEN", ""}, m_home{"HF_HOME", "/nowhere"},
        m_offline{"HF_HUB_OFFLINE", ""}, m_proxy{"no_proxy", "*"};
};
