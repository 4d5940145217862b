/** What the SQL store needs of Postgres, embedded or real. */

export interface Statement {
  /** Under which a connection keeps it prepared. One name, one text. */
  readonly name: string;
  readonly text: string;
}

export interface Session {
  /** Rows that a query gave, and how many a write touched. `bigint` comes as a number, `json` parsed. */
  query<Row>(
    statement: Statement,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Row[]; readonly count: number }>;
  /** Several statements without parameters. */
  run(sql: string): Promise<void>;
}

export interface Database extends Session {
  /** Read committed; undone where `work` throws. */
  transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Whether it is for what was to be written that a statement failed, and will fail again: SQLSTATE classes 22 (data
 * exception), 23 (integrity constraint violation) and 54 (program limit exceeded). PostgreSQL, appendix A.
 */
export const isAboutRows = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "string" &&
  /^(22|23|54)...$/.test(error.code);
