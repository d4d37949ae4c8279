CREATE TABLE brands (id uuid PRIMARY KEY, name text, active boolean);
CREATE TABLE queries (id uuid PRIMARY KEY, brand_id uuid REFERENCES brands(id), is_active boolean, text text);
CREATE TABLE scan_results (id uuid PRIMARY KEY, brand_id uuid REFERENCES brands(id), scanned_at timestamptz);
CREATE TABLE competitors (id uuid PRIMARY KEY, brand_id uuid REFERENCES brands(id));
CREATE INDEX competitors_brand ON competitors (brand_id);
CREATE TABLE visits (id uuid PRIMARY KEY, path text, created_at timestamptz);
