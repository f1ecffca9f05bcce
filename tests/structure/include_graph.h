// Which files of the source tree include what, directly and through other files of the tree.
#pragma once

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QHash>
#include <QRegularExpression>
#include <QSet>
#include <QStringList>

namespace patchbay::structure {

inline bool names_qt(const QString &include)
{
    static const QRegularExpression qt(QStringLiteral("^(Q[A-Z]\\w*|Qt\\w*/.*|qcustomplot\\.h)$"));
    return qt.match(include).hasMatch();
}

inline bool names_torch(const QString &include)
{
    static const QRegularExpression torch(QStringLiteral("^(torch|ATen|c10|caffe2)/"));
    return torch.match(include).hasMatch();
}

/// The C++ files below a root folder, by their path relative to it, and their #include lines.
class IncludeGraph {
public:
    /// Reads every .h and .cpp below these folders of root.
    IncludeGraph(const QString &root, const QStringList &folders) : m_root(root)
    {
        for (const QString &folder : folders) {
            QDirIterator files(root + u'/' + folder, {QStringLiteral("*.h"), QStringLiteral("*.cpp")}, QDir::Files,
                               QDirIterator::Subdirectories);
            while (files.hasNext())
                read(QDir(root).relativeFilePath(files.next()));
        }
    }

    QStringList files() const
    {
        QStringList names = m_includes.keys();
        names.sort();
        return names;
    }
    int lines(const QString &file) const { return m_lines.value(file); }
    QStringList includes(const QString &file) const { return m_includes.value(file); }

    /// The file of the tree that an #include line of `from` means (next to it, or in one of the include folders);
    /// empty: none.
    QString resolve(const QString &from, const QString &include) const
    {
        const QString beside = QDir::cleanPath(from.section(u'/', 0, -2) + u'/' + include);
        for (const QString &candidate :
             {beside, "core/" + include, "widgets/" + include, "ui/" + include, "tests/" + include, "app/" + include})
            if (m_includes.contains(candidate))
                return candidate;
        return {};
    }

    /// The shortest chain "a.h > b.h > QString" from a file to an #include for which `wanted(include, resolved file)`
    /// holds; empty: none.
    template <typename Wanted>
    QString chain(const QString &file, Wanted wanted) const
    {
        QList<QPair<QString, QString>> queue{{file, file}}; // file, how it was reached
        QSet<QString> seen{file};
        for (int i = 0; i < queue.size(); ++i) {
            const auto [at, path] = queue[i];
            for (const QString &include : includes(at)) {
                const QString next = resolve(at, include);
                if (wanted(include, next))
                    return path + " > " + (next.isEmpty() ? include : next);
                if (!next.isEmpty() && !seen.contains(next)) {
                    seen.insert(next);
                    queue.append({next, path + " > " + next});
                }
            }
        }
        return {};
    }

private:
    void read(const QString &name)
    {
        QFile file(m_root + u'/' + name);
        if (!file.open(QIODevice::ReadOnly))
            return;
        static const QRegularExpression line(QStringLiteral("^[ \\t]*#[ \\t]*include[ \\t]*[<\"]([^>\"]+)[>\"]"),
                                             QRegularExpression::MultilineOption);
        const QString text = QString::fromUtf8(file.readAll());
        QStringList found;
        for (auto match = line.globalMatch(text); match.hasNext();)
            found.append(match.next().captured(1));
        m_includes.insert(name, found);
        m_lines.insert(name, int(text.count(u'\n')));
    }

    QString m_root;
    QHash<QString, QStringList> m_includes;
    QHash<QString, int> m_lines;
};

} // namespace patchbay::structure
