CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, username text);
CREATE TABLE tournament_clips (id uuid PRIMARY KEY, status text, title text, vote_count int, view_count int, created_at timestamptz);
CREATE TABLE votes (id uuid PRIMARY KEY, clip_id uuid REFERENCES tournament_clips(id), user_id uuid, voter_key text NOT NULL, created_at timestamptz, UNIQUE (clip_id, voter_key));
CREATE INDEX votes_voter ON votes (voter_key, created_at DESC);
CREATE TABLE comments (id uuid PRIMARY KEY, clip_id uuid REFERENCES tournament_clips(id), user_key text, created_at timestamptz);
CREATE INDEX comments_clip ON comments (clip_id);
CREATE TABLE push_subscriptions (id uuid PRIMARY KEY, user_id uuid, endpoint text UNIQUE, created_at timestamptz);
CREATE TABLE audit_log (id uuid PRIMARY KEY, event text, created_at timestamptz);
ALTER TABLE votes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON votes FOR SELECT USING (auth.uid() = user_id);
CREATE FUNCTION count_vote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tournament_clips SET vote_count = vote_count + 1 WHERE id = NEW.clip_id;
  RETURN NEW;
END $$;
CREATE TRIGGER votes_counted AFTER INSERT ON votes FOR EACH ROW EXECUTE FUNCTION count_vote();
