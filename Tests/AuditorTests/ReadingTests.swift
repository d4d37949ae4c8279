import Foundation
import Testing

@testable import Auditor

@Suite struct QueryTextTests {
    @Test func `a Prisma call gives its columns and their order`() throws {
        let query = try #require(
            QueryText(
                call: """
                    prisma.conversation.findMany({
                      where: { companyId, status: 'open', lastMessageAt: { gte: since }, AND: [{ kind: { equals: 'a' } }] },
                      orderBy: [{ lastMessageAt: 'desc' }, { id: 'asc' }], take: 20,
                    })
                    """))
        #expect(query.dialect == .prisma && query.table == "conversation" && query.method == "findMany")
        #expect(query.equal == ["companyId", "status", "kind"])
        #expect(query.ranged == ["lastMessageAt"])
        #expect(query.order.map(\.column) == ["lastMessageAt", "id"])
        #expect(query.order[0].isDescending && !query.order[1].isDescending)
        #expect(!query.isOpen)
    }

    @Test func `comments between properties and what follows a call change nothing`() throws {
        let query = try #require(
            QueryText(
                call: """
                    prisma.session
                      .findMany({
                        where: {
                          userId: user.id satisfies number, // never undefined
                          // the present one stays
                          kind: 'web',
                        },
                      })
                      .then((found) => found.map((one) => one.id))
                    """))
        #expect(query.table == "session" && query.method == "findMany" && query.equal == ["userId", "kind"])
    }

    @Test func `a filter that is built elsewhere is open`() throws {
        #expect(try #require(QueryText(call: "prisma.user.findMany({ where })")).equal == [])
        #expect(try #require(QueryText(call: "prisma.user.findMany({ where: { ...filter, a: 1 } })")).isOpen)
        #expect(try #require(QueryText(call: "prisma.user.findMany(query)")).isOpen)
    }

    @Test func `a list of keys is told from one key`() throws {
        #expect(try #require(QueryText(call: "prisma.user.findMany({ where: { id: { in: ids } } })")).listed == ["id"])
        #expect(try #require(QueryText(call: "supabase.from('clips').select('id').in('id', ids)")).listed == ["id"])
        #expect(try #require(QueryText(call: "db.select().from(lists).where(inArray(lists.id, ids))")).listed == ["id"])
    }

    @Test func `a Supabase chain gives table, filter and order`() throws {
        let query = try #require(
            QueryText(
                call: """
                    supabase
                      .from('votes') // the table
                      .select('id, clip:clips(id, title)')
                      .eq('user_id', user.id).gte('created_at', since)
                      .order('created_at', { ascending: false })
                    """))
        #expect(query.table == "votes" && query.method == "select")
        #expect(query.equal == ["user_id"] && query.ranged == ["created_at"])
        #expect(query.order == [QueryText.Order(column: "created_at", isDescending: true)])
    }

    @Test func `a Drizzle chain gives table, filter and order`() throws {
        let query = try #require(
            QueryText(
                call:
                    "db.select({ id: lists.id }).from(lists).where(and(eq(lists.userId, userId), gt(lists.createdAt, since))).orderBy(desc(lists.createdAt)).limit(10)"
            ))
        #expect(query.table == "lists" && query.equal == ["userId"] && query.ranged == ["createdAt"])
        #expect(query.order == [QueryText.Order(column: "createdAt", isDescending: true)])
        let write = try #require(QueryText(call: "tx.update(lists).set({ a: 1 }).where(eq(lists.id, id))"))
        #expect(write.method == "update" && write.equal == ["id"])
    }

    @Test func `a statement is read by PostgreSQL's own parser`() throws {
        let query = try #require(
            QueryText(
                call:
                    "pool.query('SELECT a FROM events e WHERE e.kind = $1 AND at > $2 ORDER BY at DESC LIMIT 5', [kind, at])"
            ))
        #expect(query.table == "events" && query.equal == ["kind"] && query.ranged == ["at"])
        #expect(query.order == [QueryText.Order(column: "at", isDescending: true)])
        let raw = try #require(QueryText(call: "prisma.$queryRaw`SELECT id FROM chunks WHERE company_id = ${company}`"))
        #expect(raw.table == "chunks" && raw.equal == ["company_id"])
        let old = try #require(
            QueryText(call: "connection.query('SELECT id FROM chunks WHERE company_id = ?', [company])"))
        #expect(old.equal == ["company_id"])
    }

    @Test func `brackets in strings, templates and comments do not count`() {
        let text = ScriptText("f('a)', `b${g('}')})`, /* ) */ { c: ')' }, // ,\n d)")
        #expect(ScriptText(text.chain()[0].arguments ?? "").arguments().count == 4)
    }

    @Test func `what is cut off in the middle is read to its end and no further`() {
        for text in [
            "db.select(", "prisma.user.findMany({ where: {", "'", "`${", "a.b(/*", "{ a: [", "", ".", "<", "sql`",
        ] {
            _ = QueryText(call: text)
            _ = ScriptText(text).properties()
            _ = ScriptText(text).elements()
            _ = ScriptText(text).literal()
        }
    }
}

@Suite struct PrismaSchemaTests {
    private let schema = PrismaSchema(
        """
        datasource db {
          provider = "postgresql"
          url      = env("DATABASE_URL") // with ?pgbouncer=true
        }
        // A list.
        model CreatorList {
          id        String   @id @default(uuid())
          userId    String   @map("user_id")
          user      User     @relation(fields: [userId], references: [id], onDelete: Cascade)
          name      String   @default("a ) b @unique")
          slug      String   @unique
          tags      String[]
          embedding Unsupported("vector(1536)")?
          createdAt DateTime @default(now())
          @@index([userId, createdAt(sort: Desc)])
          @@unique([userId, name], name: "one")
          @@map("creator_lists")
        }
        """, file: "schema.prisma")

    @Test func `a model gives its table, columns and keys`() throws {
        let table = try #require(schema.tables.first)
        #expect(table.name == "creator_lists" && table.model == "CreatorList" && table.line == 6)
        #expect(table.column("userId")?.name == "user_id")
        #expect(table.column("embedding")?.type == "vector(1536)")
        #expect(table.column("tags")?.isList == true)
        #expect(table.foreignKeys.map(\.columns) == [["user_id"]])
        #expect(table.foreignKeys[0].target == "User" && table.foreignKeys[0].action == "Cascade")
        #expect(
            table.indexes.map(\.columns) == [["id"], ["slug"], ["user_id", "createdAt"], ["user_id", "name"]])
        #expect(schema.source["provider"] == "postgresql")
    }
}

@Suite struct IndexCoverTests {
    private func table(_ indexes: [TableShape.Index]) -> TableShape {
        TableShape(name: "t", model: "t", file: "", line: 1, columns: [], indexes: indexes, foreignKeys: [])
    }

    @Test func `leading columns in any order are cover`() {
        #expect(table([.init(columns: ["b", "a", "c"])]).cover(for: ["a", "b"]) != nil)
        #expect(table([.init(columns: ["a"])]).cover(for: ["a"]) != nil)
    }

    @Test func `an index that begins with another column is no cover`() {
        #expect(table([.init(columns: ["platform", "handle"])]).cover(for: ["handle"]) == nil)
        #expect(table([.init(columns: ["platform", "handle"])]).narrowing(for: ["handle"]) == nil)
        #expect(table([.init(columns: ["c", "a", "b"])]).cover(for: ["a", "b"]) == nil)
    }

    @Test func `an index of some rows is no cover, except when it leaves out only nulls`() {
        #expect(table([.init(columns: ["a"], predicate: "status = 'open'")]).cover(for: ["a"]) == nil)
        #expect(table([.init(columns: ["a"], predicate: "(a IS NOT NULL)")]).cover(for: ["a"]) != nil)
        #expect(table([.init(columns: ["a"], predicate: "b IS NOT NULL")]).cover(for: ["a"]) == nil)
    }

    @Test func `an index for vectors or texts is no cover`() {
        #expect(table([.init(columns: ["a"], method: "hnsw")]).cover(for: ["a"]) == nil)
        #expect(table([.init(columns: ["a"], method: "gin")]).cover(for: ["a"]) == nil)
    }

    @Test func `a whole unique key makes one row`() {
        #expect(table([.init(columns: ["a", "b"], isUnique: true)]).isUnique(["b", "c", "a"]))
        #expect(!table([.init(columns: ["a", "b"], isUnique: true)]).isUnique(["a"]))
        #expect(!table([.init(columns: ["a"], isUnique: true, predicate: "x")]).isUnique(["a"]))
    }
}

@Suite struct MigrationsTests {
    private func read(_ texts: String...) -> Migrations {
        var migrations = Migrations()
        for (index, text) in texts.enumerated() { migrations.read(text, file: "\(index).sql") }
        return migrations
    }

    private let first = "CREATE TABLE orders (id serial PRIMARY KEY, user_id int REFERENCES users(id), note text);"

    @Test func `tables, keys and indexes are what they are after the last migration`() throws {
        let migrations = read(
            first, "CREATE INDEX CONCURRENTLY one ON orders (user_id); CREATE INDEX CONCURRENTLY two ON orders (note);",
            "DROP INDEX two; ALTER TABLE orders RENAME COLUMN note TO remark; ALTER TABLE orders ADD COLUMN total int;")
        let table = try #require(migrations.schema.table("orders"))
        #expect(table.columns.map(\.name) == ["id", "user_id", "remark", "total"])
        #expect(table.foreignKeys.map(\.columns) == [["user_id"]])
        #expect(table.indexes.map(\.columns) == [["id"], ["user_id"]])
        #expect(migrations.remarks == [])
    }

    @Test(arguments: [
        "CREATE INDEX one ON orders (user_id);",
        "ALTER TABLE orders ADD COLUMN total int NOT NULL;",
        "ALTER TABLE orders ADD COLUMN key uuid DEFAULT gen_random_uuid();",
        "ALTER TABLE orders ALTER COLUMN id TYPE bigint;",
        "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
        "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users(id);",
        "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (note);",
    ]) func `a migration that holds up everybody is remarked`(_ text: String) {
        #expect(read(first, text).remarks.map(\.rule) == ["migration-locks"])
    }

    @Test(arguments: [
        "CREATE INDEX CONCURRENTLY one ON orders (user_id);",
        "ALTER TABLE orders ADD COLUMN total int;",
        "ALTER TABLE orders ADD COLUMN total int NOT NULL DEFAULT 0;",
        "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users(id) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT f;",
        "ALTER TABLE orders ADD CONSTRAINT u UNIQUE USING INDEX one;",
        "CREATE TABLE fresh (id int, other int); CREATE INDEX on_fresh ON fresh (other);",
    ]) func `a migration that holds up nobody is not`(_ text: String) {
        #expect(read(first, text).remarks == [])
    }

    @Test func `a policy that calls a function for each row is remarked, one with a sub-select is not`() {
        let text = "CREATE POLICY own ON orders USING (auth.uid() = user_id);"
        #expect(read(first, text).remarks.map(\.rule) == ["rls-per-row"])
        #expect(read(first, text.replacing("auth.uid()", with: "(SELECT auth.uid())")).remarks == [])
    }

    @Test func `a trigger whose column folds to lower case is remarked`() {
        let text = """
            CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN UPDATE c SET unread = unread + 1 WHERE id = NEW.conversationId; RETURN NEW; END $$;
            """
        #expect(read(text).remarks.map(\.rule) == ["folded-name"])
        #expect(read(text.replacing("NEW.conversationId", with: "NEW.\"conversationId\"")).remarks == [])
        #expect(read(text.replacing("NEW.conversationId", with: "NEW.conversation_id")).remarks == [])
    }

    @Test func `an index that includes an embedding is too wide`() {
        let table = "CREATE TABLE chunks (id int PRIMARY KEY, company int, embedding vector(1536));"
        let wide = "CREATE INDEX CONCURRENTLY w ON chunks (company) INCLUDE (embedding);"
        #expect(read(table, wide).remarks.map(\.rule) == ["index-too-wide"])
        #expect(read(table.replacing("1536", with: "3"), wide).remarks == [])
    }

    @Test func `a column that was renamed is renamed in its keys and indexes`() {
        let text = """
            CREATE TABLE p (id int PRIMARY KEY);
            CREATE TABLE o (id int PRIMARY KEY, "pollId" int REFERENCES p(id)); CREATE INDEX i ON o ("pollId");
            ALTER TABLE o RENAME COLUMN "pollId" TO poll_id;
            """
        let table = read(text).schema.table("o")
        #expect(table?.foreignKeys.map(\.columns) == [["poll_id"]])
        #expect(table?.cover(for: ["poll_id"])?.name == "i")
    }

    @Test func `policies and triggers that are on are known`() {
        let text = """
            CREATE TABLE v (id int PRIMARY KEY); ALTER TABLE v ENABLE ROW LEVEL SECURITY;
            CREATE TRIGGER counted AFTER INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
            """
        #expect(read(text).guarded == ["v"])
        #expect(read(text).triggers == ["counted on v"])
    }

    @Test func `a file that is not PostgreSQL's is said to be unread`() {
        #expect(read("CREATE TABLE `a` (id int AUTO_INCREMENT);").unread == ["0.sql"])
    }
}
