/** The text of docs/plugin-api.md. */
export declare function pluginApiPage(): string;
