-- The registries for dictGet: dictGet('code_names', 'name', ('ede', 6)). On a server whose default user has a password join the view codes instead.
CREATE DICTIONARY IF NOT EXISTS code_names (
  registry  String,
  number    UInt16,
  name      String DEFAULT '',
  reference String DEFAULT ''
)
PRIMARY KEY registry, number
SOURCE(CLICKHOUSE(TABLE 'codes'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(0)
COMMENT 'names of numbers: dictGet(''code_names'', ''name'', (''ede'', 6)); registries as in the view codes'
