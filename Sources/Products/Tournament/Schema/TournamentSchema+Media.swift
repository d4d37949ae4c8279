import Storage

extension TournamentSchema {
    /// Media work is carried out by jobs, which are taken, kept alive and tried again elsewhere: of a task only what is
    /// to be done stays, and who does it.
    ///
    /// What is under way when this version comes has no job yet; it is given one at the first look. What had failed for
    /// good stays until its retention is over.
    static let mediaJobs: [Migration.Step] =
        [.both("DROP INDEX media_tasks_due")]
        + ["due_at", "attempts", "owner"].map { .both("ALTER TABLE media_tasks DROP COLUMN \($0)") }
        + ["job_id", "replaced_id"].map { .both("ALTER TABLE media_tasks ADD COLUMN \($0) uuid") }
        + [
            .index(
                name: "media_tasks_orphans", on: "media_tasks",
                definition: "(tenant_id, clip_id) WHERE job_id IS NULL AND failed_at IS NULL")
        ]
}
