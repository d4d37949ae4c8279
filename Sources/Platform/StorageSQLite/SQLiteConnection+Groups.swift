import Storage

extension SQLiteConnection {
    /// Runs statements of which each is its own transaction, and tells each caller its outcome.
    ///
    /// Writes that waited together share one commit, which costs one synchronisation of the disk. Each stands in its
    /// own savepoint, so that one that fails undoes nothing of its neighbours. Should SQLite give up the whole
    /// transaction, nothing was committed and each runs again alone.
    func runGroup(_ group: [PendingStatement]) {
        if group[0].access == .read {
            for pending in group { pending.finish(outcome(of: pending)) }
            return
        }
        if group.count == 1 {
            group[0].finish(writeAlone(group[0]))
        } else if let outcomes = writeTogether(group) {
            for (pending, outcome) in zip(group, outcomes) { pending.finish(outcome) }
        } else {
            for pending in group { pending.finish(writeAlone(pending)) }
        }
        boundLog()
    }

    private func outcome(of pending: PendingStatement) -> Result<StatementResult, StorageError> {
        do throws(StorageError) {
            return .success(try execute(pending.request, by: pending.operation))
        } catch {
            return .failure(error)
        }
    }

    private func writeAlone(_ pending: PendingStatement) -> Result<StatementResult, StorageError> {
        do throws(StorageError) {
            try control("BEGIN IMMEDIATE")
            let result = try execute(pending.request, by: pending.operation)
            try commit()
            return .success(result)
        } catch {
            rollBack()
            return .failure(error)
        }
    }

    /// The outcomes of a group after its commit; `nil` when nothing of it was committed and all may run again.
    private func writeTogether(_ group: [PendingStatement]) -> [Result<StatementResult, StorageError>]? {
        do throws(StorageError) {
            try control("BEGIN IMMEDIATE")
            var outcomes: [Result<StatementResult, StorageError>] = []
            for pending in group {
                try control("SAVEPOINT one")
                let outcome = outcome(of: pending)
                guard isInTransaction else { return nil }
                if case .failure = outcome { try control("ROLLBACK TO one") }
                try control("RELEASE one")
                outcomes.append(outcome)
            }
            try commit()
            return outcomes
        } catch {
            rollBack()
            // After these it is not known whether the commit is on the disk.
            if error.code == .outcomeUnknown { return group.map { _ in .failure(error) } }
            return nil
        }
    }

    /// Makes what is open durable.
    func commit() throws(StorageError) {
        do throws(StorageError) {
            try control("COMMIT")
        } catch  where error.code == .unavailable {
            throw StorageError(
                .outcomeUnknown, "the disk failed during a commit: it may or may not have happened",
                context: error.context, underlying: error)
        }
    }
}
