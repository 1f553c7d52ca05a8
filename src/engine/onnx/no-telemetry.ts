/**
 * Imported before ONNX Runtime, for what it does: since 1.29 its official builds report each process, session and model
 * to Microsoft and leave an identifier in the user's cache folder, unless this variable stands when the library loads.
 * Cyclebox sends nothing anywhere. Who wants the reports sets the variable to 0 beforehand.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
