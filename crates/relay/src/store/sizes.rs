//! What takes how much room, by table: rows, bytes with their indexes, and what is free or still in the write-ahead log.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, Result};

/// A table with its indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
}

/// Where a folder's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The largest first.
    pub tables: Vec<Table>,
    /// Room inside the file that will be used again.
    pub free: u64,
    pub file: u64,
    pub wal: u64,
}

/// Reads every page's head: some seconds for gigabytes.
pub fn sizes(db: &Connection, file: &Path) -> Result<Sizes> {
    let mut tables = db
        .prepare(
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name
             WHERE m.tbl_name NOT LIKE 'sqlite!_%' ESCAPE '!' AND s.aggregate = 1 GROUP BY m.tbl_name ORDER BY 2 DESC, 1",
        )?
        .query_map([], |row| {
            Ok(Table {
                name: row.get(0)?,
                rows: 0,
                bytes: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })?
        .collect::<Result<Vec<_>>>()?;
    for table in &mut tables {
        // The name is the database's own.
        let sql = format!("SELECT count(*) FROM \"{}\"", table.name);
        table.rows = db
            .query_row(&sql, [], |row| row.get::<_, i64>(0))?
            .unsigned_abs();
    }
    let number = |pragma| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let free = number("PRAGMA freelist_count")? * number("PRAGMA page_size")?;
    let (file, wal) = of_files(file);
    Ok(Sizes {
        tables,
        free: free.unsigned_abs(),
        file,
        wal,
    })
}

/// Bytes of the database's file and of its write-ahead log; 0 where there is none.
pub fn of_files(file: &Path) -> (u64, u64) {
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    (size(file), size(Path::new(&wal)))
}
