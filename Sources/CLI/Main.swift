import ArgumentParser
import Base

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The one program: serves, works and looks after data.
@main
struct Capstan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capstan",
        abstract: "A server for products that grow from one laptop to many machines.",
        subcommands: [
            Serve.self, Work.self, JobsCommand.self, Migrate.self, ListRoutes.self, ListSettings.self, Backup.self,
            Restore.self,
            Appoint.self, AuditCommand.self,
        ])

    /// Runs the command that the arguments name.
    ///
    /// Ends with 0 when all went well, with 1 and one line that says why when it failed, and with 2 and one line that
    /// says what to do when the command was used wrongly.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as Failure {
            complain("capstan: \(error.line)")
            leave(error.status)
        } catch let error as any CodedError {
            complain("capstan: \(error.description)")
            leave(1)
        } catch {
            let status = exitCode(for: error)
            guard status != .success else { exit(withError: error) }
            complain(fullMessage(for: error))
            leave(status == .validationFailure ? 2 : 1)
        }
    }

    private static func complain(_ text: String) {
        fputs(text + "\n", standardError())
    }
}

/// Why a command ends without having done its work.
struct Failure: Error {
    /// One line: what was found, and what to do.
    let line: String
    /// 1 when the work failed, 2 when the command was used wrongly.
    let status: Int32

    /// The work could not be done.
    static func failed(_ line: String) -> Failure { Failure(line: line, status: 1) }

    /// The command was used wrongly.
    static func usedWrongly(_ line: String) -> Failure { Failure(line: line, status: 2) }
}

/// Ends the process; the command has a method of the C function's name.
private func leave(_ status: Int32) -> Never { exit(status) }

/// The C library's stream, which Swift sees as a global variable and therefore does not let tasks share.
private func standardError() -> UnsafeMutablePointer<FILE> {
    guard let stream = fdopen(dup(STDERR_FILENO), "w") else { exit(1) }
    setvbuf(stream, nil, _IONBF, 0)
    return stream
}
